import type { ShadowUse } from '../model/index.ts';
import { pr, printk } from './log.ts';
import type { Machine } from './machine.ts';
import type { KlpPatch } from './structures.ts';
import type { ShadowResult } from './trace.ts';

/**
 * The life of shadow variables over patches: what their callbacks and functions attach, read and free, and what is left
 * when the code that knows of it is gone. Nobody's counting of objects: one variable stands for all that a call in the
 * source attaches to objects that are not known one by one.
 */

/** What is kept with a variable. */
export interface Attached {
  /** The livepatch module whose code attached it, or took it over in an atomic replace. */
  module: string;
  /** The function that attached it. */
  readonly function: string;
  readonly id: number | string;
}

/** Carries out one call, for the function of that module. */
export function useShadow(m: Machine, module: string, by: string, use: ShadowUse): void {
  const result = carryOut(m, module, by, use);
  m.emit({ at: m.now, type: 'shadow', patch: module, function: by, call: use.call, id: use.id, result });
}

function carryOut(m: Machine, module: string, by: string, use: ShadowUse): ShadowResult {
  const { call, id, object } = use;
  const isThere = object === null ? m.shadows.all().some((each) => each.id === id) : m.shadows.get(object, id) !== null;
  if (call === 'get') return isThere ? 'found' : 'none';
  if (call === 'free' || call === 'free_all') {
    // Of objects that are not known one by one some are freed, and others stay.
    if (call === 'free_all') m.shadows.freeAll(id, null);
    else if (object !== null) m.shadows.free(object, id, null);
    return isThere ? 'freed' : 'none';
  }
  if (isThere && call === 'get_or_alloc') return 'found';
  if (isThere && object !== null) {
    printk(m, 'warning', `Duplicate shadow variable <%p, ${hex(id)}>`);
    return 'exists';
  }
  const constructs = use.constructs ?? 0;
  if (constructs !== 0) {
    pr(m, 'err', `Failed to construct shadow variable <%p, ${hex(id)}> (${constructs})`);
    return 'failed';
  }
  m.shadows.alloc(object ?? `objects of ${module}:${by}()`, id, { module, function: by, id }, null);
  return 'attached';
}

/** As %lx prints it. */
function hex(id: number | string): string {
  return typeof id === 'number' ? id.toString(16) : id;
}

/** All that the patch's functions and callbacks do. */
function usesOf(patch: KlpPatch): ShadowUse[] {
  return patch.objects.flatMap(({ funcs, callbacks }) => [
    ...funcs.flatMap(({ shadow }) => shadow),
    ...Object.values(callbacks).flatMap(({ shadow }) => shadow ?? []),
  ]);
}

/** Every task runs the patch's functions from now on; those of patches that it replaced are gone. */
export function shadowsPatched(m: Machine, patch: KlpPatch): void {
  const known = new Set(usesOf(patch).map(({ id }) => id));
  const others = m.patches.filter((other) => other !== patch && other.enabled);
  for (const other of others) {
    const both = usesOf(other).find(({ id }) => typeof id === 'number' && known.has(id));
    if (both === undefined) continue;
    tell(
      m,
      'shadow-shared',
      `'${patch.module}' and '${other.module}' both use shadow variable ${both.id}: each finds what the other attached, and whoever frees it frees it for both.`,
    );
  }
  for (const attached of m.shadows.all()) {
    const owner = m.patches.find(({ module }) => module === attached.module);
    // Without an atomic replace nobody's code goes away here.
    if (attached.module === patch.module || owner === undefined || owner.enabled) continue;
    if (known.has(attached.id)) attached.module = patch.module;
    else tellLeak(m, attached, `'${patch.module}' replaces '${attached.module}' and does not use it`);
  }
  for (const { funcs } of patch.objects) {
    for (const { newFunc, shadow } of funcs) for (const use of shadow) useShadow(m, patch.module, newFunc, use);
  }
}

/** No task runs the patch's functions any more, and its post_unpatch callbacks have run. */
export function shadowsUnpatched(m: Machine, patch: KlpPatch): void {
  const others = m.patches.filter((other) => other !== patch && other.enabled);
  for (const attached of m.shadows.all()) {
    if (attached.module !== patch.module) continue;
    const heir = others.find((other) => usesOf(other).some(({ id }) => id === attached.id));
    if (heir !== undefined) attached.module = heir.module;
    else tellLeak(m, attached, `no task runs '${patch.module}' any more`);
  }
}

function tellLeak(m: Machine, { function: by, id, module }: Attached, why: string): void {
  const atExit = m.modules.get(module)?.image?.exit?.shadow ?? [];
  // Those objects that go before the module is removed are not told: how many there are is not known.
  if (atExit.some((use) => use.call === 'free_all' && use.id === id)) return;
  tell(
    m,
    'shadow-leak',
    `Shadow variable ${id}, which ${by}() attaches, stays: ${why}. Its objects are freed without it, and a new object at the same address finds the old data.`,
  );
}

/** The module is removed from memory; variables that it attached are not. */
export function shadowsOfModuleGone(m: Machine, module: string): void {
  for (const { module: owner, function: by, id } of m.shadows.all()) {
    if (owner !== module) continue;
    tell(
      m,
      'shadow-dangles',
      `Shadow variable ${id}, which ${by}() attached, outlives '${module}': what in it points to the module's code or data dangles.`,
    );
  }
}

function tell(m: Machine, id: string, text: string): void {
  m.emit({ at: m.now, type: 'finding', id, text });
}
