import { type FrequentReplacement, frequentReplacement } from '../../shared/src/comparison/frequent-replacement.ts';
import {
  comparePoliciesInSteps,
  compareVersions,
  type PolicyComparison,
  type PolicyOptions,
} from '../../shared/src/comparison/policies.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import { SlicedWork } from './sliced-work.ts';

export interface PolicySetting extends Omit<PolicyOptions, 'installed'> {
  readonly image: PatchImage;
}

export interface PolicyEvents {
  /** What is shown changed, or is being made. */
  changed(): void;
  /** The workspace's other livepatches are wanted. */
  ask(): void;
  failed(error: unknown): void;
}

/** A livepatch that may be there before. */
export interface Installable {
  readonly key: string;
  readonly title: string;
  readonly image: PatchImage;
}

export interface PolicyResult {
  readonly comparison: PolicyComparison;
  readonly frequent: readonly FrequentReplacement[];
}

/** Milliseconds. */
const DELAY = 200;
/** So many of those that fit are there at first. */
const MOST_AT_FIRST = 3;
/** Stands for an earlier build of the module itself. */
const EARLIER = 'earlier';

/** Replace policies side by side: which livepatches are there before, and what comes of it. */
export class PolicyWork {
  /** The workspace's other livepatches; empty until they came. */
  private others: readonly PatchImage[] = [];
  /** What the host said of them; null when nothing. */
  note: string | null = null;
  /** Keys of those that somebody chose, in the order in which they are loaded; null: those that fit. */
  chosen: readonly string[] | null;
  result: PolicyResult | null = null;
  /** Another result is being made. */
  busy = false;
  private readonly events: PolicyEvents;
  private readonly setting: () => PolicySetting | null;
  private readonly work = new SlicedWork();
  private wanted = false;

  constructor(events: PolicyEvents, setting: () => PolicySetting | null, chosen: readonly string[] | null) {
    this.events = events;
    this.setting = setting;
    this.chosen = chosen;
  }

  /** All that may be there before, in the order of loading. */
  get installable(): readonly Installable[] {
    const image = this.setting()?.image;
    if (image === undefined) return [];
    const earlier: Installable = {
      key: EARLIER,
      title: 'An earlier build of this module',
      image: { ...image, module: `${image.module}_before`, replace: true },
    };
    return [earlier, ...installables(this.others, image)];
  }

  /** Those that are there before, in their order. */
  get installed(): readonly Installable[] {
    const image = this.setting()?.image;
    if (image === undefined) return [];
    const all = this.installable;
    if (this.chosen !== null) {
      return this.chosen.flatMap((key) => all.find((each) => each.key === key) ?? []);
    }
    const fitting = all
      .filter(({ key, image: other }) => key !== EARLIER && fits(other, image))
      .slice(0, MOST_AT_FIRST);
    return fitting.length > 0 ? fitting : all.slice(0, 1);
  }

  receive(images: readonly PatchImage[], note: string | null): void {
    this.others = images;
    this.note = note;
    this.changed();
  }

  /** Puts a livepatch last, or takes it away. */
  toggle(key: string): void {
    const keys = this.installed.map((each) => each.key);
    this.chosen = keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key];
    this.changed();
  }

  /** Whether somebody looks at it: only then it is made, and made anew after each change. */
  want(wanted: boolean): void {
    const before = this.wanted;
    this.wanted = wanted;
    if (!wanted || before) return;
    this.events.ask();
    this.start(0);
  }

  /** Something that it is made of changed. */
  changed(): void {
    if (this.wanted) this.start(DELAY);
    else this.result = null;
  }

  stop(): void {
    this.work.stop();
    this.result = null;
    this.busy = false;
  }

  private start(delay: number): void {
    this.busy = true;
    this.events.changed();
    this.work.start(
      delay,
      () => {
        const setting = this.setting();
        return (
          setting &&
          made(
            setting,
            this.installed.map(({ image }) => image),
          )
        );
      },
      (result) => {
        this.result = result;
        this.busy = false;
        this.events.changed();
      },
      (error) => {
        this.busy = false;
        this.events.failed(error);
      },
    );
  }
}

function* made(
  { image, ...setting }: PolicySetting,
  installed: readonly PatchImage[],
): Generator<undefined, PolicyResult, undefined> {
  const comparison = yield* comparePoliciesInSteps(image, { ...setting, installed });
  return { comparison, frequent: frequentReplacement(image, setting) };
}

/** Other modules' patches: first those that would replace the others, lower versions first. A module that has several is told by their variables. */
export function installables(others: readonly PatchImage[], image: PatchImage): Installable[] {
  return others
    .filter(({ module }) => module !== image.module)
    .map((other) => {
      const alone = others.every((each) => each === other || each.module !== other.module);
      return {
        key: `${other.module}:${other.variable ?? ''}`,
        title: alone ? other.module : `${other.module}, ${other.variable ?? 'unnamed'}`,
        image: other,
      };
    })
    .sort(
      (a, b) =>
        Number(b.image.replace) - Number(a.image.replace) || a.title.localeCompare(b.title, 'en', { numeric: true }),
    );
}

/** Whether it is another version of that patch, or changes a function that it changes, too. */
function fits(other: PatchImage, image: PatchImage): boolean {
  if (compareVersions(other, image) !== null) return true;
  const names = new Set(functionsOf(image));
  return functionsOf(other).some((name) => names.has(name));
}

function functionsOf({ objects }: PatchImage): string[] {
  return objects.flatMap(({ name, funcs }) => funcs.map(({ oldName }) => `${name ?? 'vmlinux'}:${oldName}`));
}
