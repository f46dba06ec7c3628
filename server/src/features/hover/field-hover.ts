import {
  type FieldInitialiser,
  type KlpFunc,
  type KlpObject,
  type KlpPatch,
  type KlpState,
  knownValue,
  type LivepatchModule,
  type Unknown,
} from '../../../../shared/src/model/index.ts';
import type { ModuleElement } from '../../analysis/element-at.ts';
import { klpField } from '../../kernel/klp-fields.ts';
import type { KernelVersion } from '../../kernel/version.ts';
import { compareVersions, formatVersion } from '../../kernel/version.ts';
import { functionsText, objectText } from './func-hover.ts';
import { code, count, list, plain } from './markdown.ts';
import { shadowIdsOf } from './shadow-hover.ts';

/** What a field means to the kernel, since when, and what it does in this module. Null for fields that nothing is known of. */
export function fieldHover(
  module: LivepatchModule,
  element: Extract<ModuleElement, { kind: 'field' }>,
  kernel: KernelVersion,
): string | null {
  const name = element.field.name.replace(/^.*\./, '');
  const field = klpField(element.struct, name);
  if (!field) return null;
  const here = hereText(module, element, name);
  const parts = [`**.${name}** of ${code(`struct ${element.struct}`)}`];
  if (here !== '') parts.push(here);
  parts.push(field.meaning);
  parts.push(`_${code(field.type)}, ${versionsText(field, kernel)}_`);
  return parts.join('\n\n');
}

function versionsText(
  { since, until, proposed }: { since: KernelVersion; until?: KernelVersion; proposed?: string },
  kernel: KernelVersion,
): string {
  const target = `the kernel this is checked for is ${formatVersion(kernel)}`;
  if (proposed !== undefined) return `in no released kernel, only in ${proposed}; ${target}`;
  const span = until
    ? `in Linux ${formatVersion(since)} and newer, gone in ${formatVersion(until)}`
    : `since Linux ${formatVersion(since)}`;
  const missing = compareVersions(kernel, since) < 0 || (until !== undefined && compareVersions(kernel, until) >= 0);
  return `${span}; ${missing ? `not in ${formatVersion(kernel)}, which this is checked for` : target}`;
}

function hereText(
  module: LivepatchModule,
  { struct, field, owner }: Extract<ModuleElement, { kind: 'field' }>,
  name: string,
): string {
  switch (`${struct}.${name}`) {
    case 'klp_patch.replace':
      return replaceText(module, owner as KlpPatch);
    case 'klp_patch.replaceable':
      return replaceableText(owner as KlpPatch);
    case 'klp_patch.objs':
      return objectsText(owner as KlpPatch);
    case 'klp_patch.states':
      return statesText(owner as KlpPatch);
    case 'klp_object.funcs':
      return `Here: ${functionsText(owner as KlpObject)} of ${objectText(owner as KlpObject)}.`;
    case 'klp_object.name':
      return nameText(owner as KlpObject);
    case 'klp_func.old_sympos':
      return symposText(owner as KlpFunc);
    case 'klp_state.id':
    case 'klp_state.version':
      return stateText(owner as KlpState);
    default:
      return unknownText(owner, field);
  }
}

function replaceText(module: LivepatchModule, patch: KlpPatch): string {
  const replace = patch.replace;
  if (replace.kind === 'unknown') return `Here it is not known: ${plain(replace.why)}.`;
  if (knownValue(replace) !== true) {
    return 'Here it is false: this patch is put on top of the livepatches that are loaded, and they stay in use.';
  }
  const objects = patch.objs.kind === 'known' ? patch.objs.table.entries.filter((entry) => !entry.terminator) : [];
  const names = objects.flatMap((object) =>
    object.funcs.kind === 'known' ? object.funcs.table.entries.flatMap((func) => knownValue(func.oldName) ?? []) : [],
  );
  const parts = ['Here it is true: every livepatch that is loaded goes out of use when the transition is complete.'];
  if (names.length > 0 && names.length <= 8) {
    parts.push(`What they replace beside ${list(names.map((name) => code(`${name}()`)))} goes back to the original.`);
  } else {
    parts.push('Functions that they replace and this patch does not go back to the original.');
  }
  parts.push('Their callbacks do not run; only those of this patch do.');
  const shadow = shadowIdsOf(module);
  if (shadow.length > 0) {
    parts.push(
      `Shadow variables survive: this module takes over the ${shadow.length === 1 ? 'id' : 'ids'} ${list(shadow.map((id) => code(id)))}.`,
    );
  }
  parts.push(
    patch.states.kind === 'absent' || patch.states.kind === 'null'
      ? 'It lists no states, so it is refused with EINVAL when a loaded livepatch has one.'
      : 'Each state of the loaded livepatches must be in `.states`, in the same or a newer version, or it is refused with EINVAL.',
  );
  parts.push('While another transition runs, the load fails with EBUSY and says nothing.');
  return parts.join(' ');
}

function replaceableText(patch: KlpPatch): string {
  const value = knownValue(patch.replaceable);
  if (value === undefined) return '';
  return value
    ? 'Here it is true: a cumulative patch that is loaded later would replace this one.'
    : 'Here it is false: this patch would stay in use when a cumulative one is loaded later.';
}

function objectsText({ objs }: KlpPatch): string {
  if (objs.kind !== 'known') return '';
  const objects = objs.table.entries.filter((entry) => !entry.terminator);
  if (objects.length === 0) return '';
  const named = objects.map((object) => `${objectText(object)} (${functionsText(object)})`);
  return `Here: ${list(named)}${objs.table.open ? ', and more that are not known here' : ''}.`;
}

function statesText({ states }: KlpPatch): string {
  if (states.kind !== 'known') return '';
  const listed = states.table.entries.filter((entry) => !entry.terminator).map((state) => stateName(state));
  return listed.length === 0 ? '' : `Here: ${count(listed.length, 'state')}, ${list(listed)}.`;
}

function stateName({ id, version }: KlpState): string {
  return `id ${knownValue(id) ?? 'unknown'} version ${version.kind === 'absent' ? 0 : (knownValue(version) ?? 'unknown')}`;
}

function stateText(state: KlpState): string {
  return `Here: ${stateName(state)}. A livepatch that lists the same id in an older version is refused while this one is loaded; one with ${code('.replace')} that does not list it is refused, too.`;
}

function nameText(object: KlpObject): string {
  const name = knownValue(object.name);
  if (object.name.kind === 'unknown') return `Here it is not known: ${plain(object.name.why)}.`;
  if (name === null || name === undefined) return 'Here: the kernel itself.';
  return `Here: the module ${code(name)}. While it is not loaded, nothing of it is patched and nothing is logged; when it loads, a name that it does not have makes the kernel refuse **that** module.`;
}

function symposText(func: KlpFunc): string {
  const position = knownValue(func.oldSympos);
  const name = knownValue(func.oldName);
  if (position === undefined) return '';
  const which = name === undefined ? 'symbols of that name' : `symbols called ${code(name)}`;
  return position === 0
    ? `Here 0: there must be only one of the ${which}.`
    : `Here ${position}: number ${position} of the ${which}, in the order of kallsyms.`;
}

function unknownText(owner: KlpPatch | KlpObject | KlpFunc | KlpState, field: FieldInitialiser): string {
  const values: unknown[] = Object.values(owner);
  for (const value of values) {
    if (isUnknown(value) && value.range.start === field.valueRange.start)
      return `Here it is not known: ${plain(value.why)}.`;
  }
  return '';
}

function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'unknown';
}
