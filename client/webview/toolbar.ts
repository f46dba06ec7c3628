import type { Sheet, SnapshotKind } from '../../shared/src/panel-messages.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { attribute, element, type IconName, icon, text } from './dom.ts';

export interface Choice {
  readonly value: string;
  readonly title: string;
}

export interface ToolbarData {
  readonly playing: boolean;
  readonly cursor: number;
  readonly end: number;
  readonly speed: number;
  readonly patches: readonly Choice[];
  readonly patch: string;
  readonly workloads: readonly Choice[];
  readonly workload: string;
  readonly kernels: readonly Choice[];
  readonly kernel: string;
  readonly seed: number;
  readonly typical: boolean;
  readonly table: boolean;
  readonly sheet: Sheet | null;
  readonly filter: string;
}

export interface ToolbarEvents {
  play(): void;
  moment(direction: 1 | -1): void;
  start(): void;
  speed(value: number): void;
  patch(value: string): void;
  workload(value: string): void;
  kernel(value: string): void;
  seed(value: number): void;
  typical(): void;
  table(): void;
  sheet(sheet: Sheet): void;
  filter(words: string): void;
  verify(): void;
  save(kind: SnapshotKind): void;
  zoom(factor: number | null): void;
  help(): void;
}

const SPEEDS = [0.1, 0.5, 1, 2, 4, 10];

/** Playing, choosing what is simulated, and how it is shown. */
export class Toolbar {
  readonly element: HTMLElement;
  private readonly playButton: HTMLButtonElement;
  private readonly time = element('output', { class: 'time', 'aria-label': 'Time in the run' });
  private readonly speed: HTMLSelectElement;
  private readonly patch: HTMLSelectElement;
  private readonly patchField: HTMLElement;
  private readonly workload: HTMLSelectElement;
  private readonly kernel: HTMLSelectElement;
  private readonly seed: HTMLInputElement;
  private readonly typical: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly sheets: { readonly [sheet in Sheet]: HTMLButtonElement };
  private readonly filter: HTMLInputElement;
  private readonly saving: HTMLSelectElement;
  private readonly verify: HTMLButtonElement;
  private readonly choices: readonly HTMLElement[];
  private shownPlaying: boolean | null = null;

  constructor(events: ToolbarEvents) {
    this.playButton = button('Play', 'play', 'Play or pause (space)', () => events.play());
    this.speed = select('Speed', (value) => events.speed(Number(value)));
    fill(
      this.speed,
      SPEEDS.map((speed) => ({ value: String(speed), title: `${speed}×` })),
    );
    this.patch = select('Patch', (value) => events.patch(value));
    this.workload = select('Workload', (value) => events.workload(value));
    this.kernel = select('Kernel', (value) => events.kernel(value));
    this.seed = element('input', {
      type: 'number',
      min: 1,
      step: 1,
      class: 'seed',
      'aria-label': 'Seed',
      title: 'Another seed is another run of the same machine',
      onchange: () => events.seed(Math.max(1, Math.round(Number(this.seed.value)) || 1)),
    });
    this.typical = element(
      'button',
      {
        type: 'button',
        class: 'quiet',
        title: 'The run whose length is the median of all runs of the forecast',
        onclick: () => events.typical(),
      },
      'Typical run',
    );
    this.table = element(
      'button',
      { type: 'button', class: 'quiet', title: 'The same tasks as a table of text (t)', onclick: () => events.table() },
      'Table',
    );
    const toggle = (sheet: Sheet, name: string, title: string): HTMLButtonElement =>
      element('button', { type: 'button', class: 'quiet', title, onclick: () => events.sheet(sheet) }, name);
    this.sheets = {
      runs: toggle(
        'runs',
        'Every run',
        'How long the load takes over many runs, and who holds up how many of them (r)',
      ),
      models: toggle(
        'models',
        'Compare models',
        'What other consistency models would have done with the same tasks (m)',
      ),
      policies: toggle(
        'policies',
        'Compare policies',
        'Bringing the patch to a machine with others: replace, stack, disable first, and what was proposed (p)',
      ),
    };
    this.filter = element('input', {
      type: 'search',
      class: 'filter',
      placeholder: 'Filter tasks',
      'aria-label': 'Filter tasks',
      title: 'Names, numbers, kinds (kthread), functions that hold tasks up, blocked, switched (/)',
      oninput: () => events.filter(this.filter.value),
    });
    this.verify = element(
      'button',
      {
        type: 'button',
        class: 'quiet',
        title: 'Play this on a real kernel in a virtual machine (QEMU), and lay what it does over the forecast',
        onclick: () => events.verify(),
      },
      'Verify on a real kernel',
    );
    // A list that goes back to its first entry: what is chosen is done at once.
    this.saving = select('Save what is shown', (value) => {
      this.saving.value = '';
      if (value !== '') events.save(value as SnapshotKind);
    });
    fill(this.saving, [
      { value: '', title: 'Save as…' },
      { value: 'svg', title: 'SVG picture' },
      { value: 'png', title: 'PNG picture' },
      { value: 'json', title: 'JSON trace' },
    ]);
    this.patchField = field('Patch', this.patch);
    this.choices = [
      group(this.patchField, field('Workload', this.workload), field('Kernel', this.kernel)),
      group(field('Seed', this.seed), this.typical),
    ];
    this.element = element(
      'header',
      { class: 'toolbar', role: 'toolbar', 'aria-label': 'Simulation' },
      group(
        button('Back to the start', 'start', 'Back to the start (Home)', () => events.start()),
        button('Previous event', 'previous', 'Previous event (,)', () => events.moment(-1)),
        this.playButton,
        button('Next event', 'next', 'Next event (.)', () => events.moment(1)),
      ),
      group(this.time, this.speed),
      ...this.choices,
      element(
        'div',
        { class: 'group end' },
        this.filter,
        button('Zoom out', 'zoomOut', 'Zoom out (-)', () => events.zoom(2)),
        button('Zoom in', 'zoomIn', 'Zoom in (+)', () => events.zoom(0.5)),
        button('Whole run', 'zoomAll', 'Show the whole run (0)', () => events.zoom(null)),
        this.table,
        ...Object.values(this.sheets),
        this.verify,
        this.saving,
        element('button', { type: 'button', class: 'quiet', title: 'Keys (?)', onclick: () => events.help() }, 'Keys'),
      ),
    );
  }

  /** Whether there is something to choose: a run that was made elsewhere is as it is. */
  choosing(on: boolean): void {
    for (const part of this.choices) part.hidden = !on;
    for (const toggle of Object.values(this.sheets)) toggle.hidden = !on;
  }

  /** Whether a real kernel can be asked about what is shown, and whether one is at it. */
  canVerify(on: boolean, busy: boolean): void {
    this.verify.hidden = !on;
    this.verify.disabled = busy;
  }

  focusFilter(): void {
    this.filter.focus();
    this.filter.select();
  }

  update(data: ToolbarData): void {
    if (this.shownPlaying !== data.playing) {
      this.shownPlaying = data.playing;
      this.playButton.replaceChildren(icon(data.playing ? 'pause' : 'play'));
      attribute(this.playButton, 'aria-label', data.playing ? 'Pause' : 'Play');
    }
    text(this.time, `${timeText(data.cursor)} of ${timeText(data.end)}`);
    choose(this.speed, String(data.speed));
    fill(this.patch, data.patches);
    choose(this.patch, data.patch);
    this.patchField.hidden = data.patches.length < 2;
    fill(this.workload, data.workloads);
    choose(this.workload, data.workload);
    fill(this.kernel, data.kernels);
    choose(this.kernel, data.kernel);
    if (document.activeElement !== this.seed) this.seed.value = String(data.seed);
    attribute(this.typical, 'aria-pressed', String(data.typical));
    attribute(this.table, 'aria-pressed', String(data.table));
    if (document.activeElement !== this.filter) this.filter.value = data.filter;
    for (const [sheet, toggle] of Object.entries(this.sheets)) {
      attribute(toggle, 'aria-pressed', String(data.sheet === sheet));
    }
  }
}

function group(...children: readonly HTMLElement[]): HTMLElement {
  return element('div', { class: 'group' }, ...children);
}

function field(name: string, control: HTMLElement): HTMLElement {
  return element('label', { class: 'field' }, element('span', {}, name), control);
}

function button(name: string, symbol: IconName, title: string, onclick: () => void): HTMLButtonElement {
  return element('button', { type: 'button', class: 'tool', 'aria-label': name, title, onclick }, icon(symbol));
}

function select(name: string, onchange: (value: string) => void): HTMLSelectElement {
  const made: HTMLSelectElement = element('select', { 'aria-label': name, onchange: () => onchange(made.value) });
  return made;
}

/** Makes the options anew only when they changed: an open list must not be closed. */
function fill(target: HTMLSelectElement, choices: readonly Choice[]): void {
  const key = JSON.stringify(choices);
  if (target.dataset.choices === key) return;
  target.dataset.choices = key;
  target.replaceChildren(...choices.map(({ value, title }) => element('option', { value }, title)));
}

function choose(target: HTMLSelectElement, value: string): void {
  if (target.value !== value) target.value = value;
}
