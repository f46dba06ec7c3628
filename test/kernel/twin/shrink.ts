import {
  type ObjectSketch,
  type PatchSketch,
  type Story,
  type StoryStep,
  scenarioOf,
  TELLS_A_MODULE,
} from './story.ts';

/** Which of these stories still show what is looked for; one answer for each, in their order. */
export type StillFails = (candidates: readonly Story[]) => Promise<readonly boolean[]>;

export interface ShrinkOptions {
  /** Stories that are asked about at once: on a real kernel they share a boot. */
  readonly batch: number;
  /** Told after each round. */
  readonly progress?: (story: Story, asked: number) => void;
}

/**
 * Makes a story that shows something as small as it gets: no single step (with the waiting behind it), task, patch, target,
 * object, function, callback or field can be left out without losing it. Looks at no clock and at nothing but the answers.
 * Each round asks about all stories that are one change smaller, the greatest changes first, and goes on with the smallest
 * of those that still fail.
 */
export async function shrink(story: Story, stillFails: StillFails, { batch, progress }: ShrinkOptions): Promise<Story> {
  let current = story;
  let asked = 0;
  for (;;) {
    const candidates = smaller(current);
    let next: Story | null = null;
    for (let from = 0; from < candidates.length && next === null; from += batch) {
      const some = candidates.slice(from, from + batch);
      const answers = await stillFails(some);
      asked += some.length;
      next = some.find((_, place) => answers[place]) ?? null;
    }
    if (next === null) return current;
    current = next;
    progress?.(current, asked);
  }
}

/** All stories that are one change smaller and can still be played, the smallest first. */
export function smaller(story: Story): Story[] {
  const found = [...withoutSteps(story), ...withoutTask(story), ...withoutModule(story), ...withSmallerPatch(story)];
  const sized = found.map(tidy).filter(canBePlayed);
  const unique = new Map(sized.map((candidate) => [JSON.stringify(candidate), candidate]));
  const size = JSON.stringify(tidy(story)).length;
  return [...unique]
    .filter(([text]) => text.length < size)
    .sort(([a], [b]) => a.length - b.length)
    .map(([, candidate]) => candidate);
}

function canBePlayed(story: Story): boolean {
  try {
    return scenarioOf(story).steps.length > 0;
  } catch {
    return false;
  }
}

/** An action and the waiting behind it belong together: without the waiting moments would be compared. */
function units(steps: readonly StoryStep[]): StoryStep[][] {
  const found: StoryStep[][] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (last && 'wait' in step) last.push(step);
    else found.push([step]);
  }
  return found;
}

/** Runs of units are left out: halves, quarters and so on down to single ones; and single waitings behind another one. */
function* withoutSteps(story: Story): Generator<Story> {
  const all = units(story.steps);
  for (let length = Math.ceil(all.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = 0; from < all.length; from += length) {
      yield { ...story, steps: [...all.slice(0, from), ...all.slice(from + length)].flat() };
    }
  }
  for (const [place, step] of story.steps.entries()) {
    if (!('wait' in step)) continue;
    const before = story.steps[place - 1];
    const after = story.steps[place + 1];
    const isDouble = (before !== undefined && 'wait' in before) || (after !== undefined && 'wait' in after);
    if (isDouble) yield { ...story, steps: story.steps.filter((_, other) => other !== place) };
  }
}

function taskOf(step: StoryStep): string | null {
  for (const key of ['start', 'watch', 'wake', 'kill', 'signal'] as const) {
    const value = (step as Partial<Record<typeof key, string>>)[key];
    if (value !== undefined) return value;
  }
  return null;
}

function moduleOf(step: StoryStep): string | null {
  const [key = '', value] = Object.entries(step)[0] ?? [];
  if (key === 'load-target' || key === 'unload-target') return String(value);
  return TELLS_A_MODULE.has(key) ? (String(value).split('/')[0] ?? null) : null;
}

/** Without a task and all that happens to it, waiting included when nothing else happens before it. */
function* withoutTask(story: Story): Generator<Story> {
  for (const name of Object.keys(story.tasks ?? {})) {
    yield { ...story, steps: withoutUnits(story.steps, (step) => taskOf(step) === name) };
  }
}

function* withoutModule(story: Story): Generator<Story> {
  for (const name of [...Object.keys(story.patches), ...(story.targets ?? [])]) {
    yield { ...story, steps: withoutUnits(story.steps, (step) => moduleOf(step) === name) };
  }
}

function withoutUnits(steps: readonly StoryStep[], isGone: (step: StoryStep) => boolean): StoryStep[] {
  return units(steps)
    .filter(([action]) => action === undefined || !isGone(action))
    .flat();
}

function* withSmallerPatch(story: Story): Generator<Story> {
  for (const [name, patch] of Object.entries(story.patches)) {
    for (const less of smallerPatches(patch)) yield { ...story, patches: { ...story.patches, [name]: less } };
  }
  for (const [place, step] of story.steps.entries()) {
    if (!('parameters' in step)) continue;
    const { parameters: _, ...rest } = step;
    yield { ...story, steps: story.steps.map((other, index) => (index === place ? rest : other)) };
  }
}

function* smallerPatches(patch: PatchSketch): Generator<PatchSketch> {
  const { replace: _, ...notReplacing } = patch;
  if (patch.replace) yield notReplacing;
  const { states, ...stateless } = patch;
  if (states) yield stateless;
  for (const [place, object] of patch.objects.entries()) {
    const others = (less: readonly ObjectSketch[]) => [
      ...patch.objects.slice(0, place),
      ...less,
      ...patch.objects.slice(place + 1),
    ];
    if (patch.objects.length > 1) yield { ...patch, objects: others([]) };
    for (const less of smallerObjects(object)) yield { ...patch, objects: others([less]) };
  }
}

function* smallerObjects(object: ObjectSketch): Generator<ObjectSketch> {
  const { callbacks, ...silent } = object;
  if (callbacks !== undefined) yield silent;
  if (typeof callbacks === 'object') {
    for (const name of Object.keys(callbacks)) {
      const rest = Object.fromEntries(Object.entries(callbacks).filter(([other]) => other !== name));
      yield { ...object, callbacks: rest };
    }
  }
  for (const [place, func] of object.funcs.entries()) {
    if (object.funcs.length > 1) yield { ...object, funcs: object.funcs.filter((_, other) => other !== place) };
    if (typeof func === 'object')
      yield { ...object, funcs: object.funcs.map((each) => (each === func ? func.name : each)) };
  }
}

/** Without tasks, modules and symbols that nothing speaks of any more. */
function tidy(story: Story): Story {
  const { targets = [], symbols = {}, tasks = {}, ...rest } = story;
  const begun = new Set(story.steps.map(taskOf));
  const modules = new Set(story.steps.map(moduleOf));
  const patches = Object.entries(story.patches).filter(([name]) => modules.has(name));
  const functions = new Set(
    patches.flatMap(([, { objects }]) =>
      objects.flatMap(({ funcs }) => funcs.map((func) => (typeof func === 'string' ? func : func.name))),
    ),
  );
  const kept = {
    targets: targets.filter((name) => modules.has(name)),
    symbols: Object.fromEntries(Object.entries(symbols).filter(([name]) => functions.has(name))),
    tasks: Object.fromEntries(Object.entries(tasks).filter(([name]) => begun.has(name))),
  };
  return {
    ...rest,
    patches: Object.fromEntries(patches),
    ...(kept.targets.length > 0 ? { targets: kept.targets } : {}),
    ...(Object.keys(kept.symbols).length > 0 ? { symbols: kept.symbols } : {}),
    ...(Object.keys(kept.tasks).length > 0 ? { tasks: kept.tasks } : {}),
  };
}
