import { checkModule } from '../../../server/src/analysis/check.ts';
import { elementAt } from '../../../server/src/analysis/element-at.ts';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { initialiserAt } from '../../../server/src/analysis/initialiser-at.ts';
import { kernelFunctions } from '../../../server/src/analysis/kernel-source.ts';
import type { CParser } from '../../../server/src/analysis/parser.ts';
import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import { readModule } from '../../../server/src/analysis/read-module.ts';
import type { Finding } from '../../../server/src/analysis/rule.ts';
import { EXAMPLE_KERNEL } from '../../../server/src/analysis/rules/example-kernel.ts';
import { SourceUnit } from '../../../server/src/analysis/source-unit.ts';
import type { LivepatchModule, SourceRange } from '../../../shared/src/model/index.ts';
import { mutatedText, randomEdit } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const FILE = 'fuzzed.c';
const CONTEXT = { name: 'fuzzed', missing: [] };
const KERNELS = [
  { version: { major: 6, minor: 12 }, knowledge: EXAMPLE_KERNEL },
  { version: { major: 6, minor: 1 }, knowledge: null },
  { version: { major: 4, minor: 12 }, knowledge: null },
];

/** C text that somebody broke: read, checked, imaged, every place looked at. */
export function modulesTarget(parser: CParser, corpus: readonly string[]): Target {
  return {
    name: 'modules',
    run(random, note) {
      const text = mutatedText(random, random.pick(corpus), random.pick(corpus));
      note(text);
      const unit = new SourceUnit(parser, FILE, text);
      const module = readModule([unit], CONTEXT);
      lookAtPlaces(module, text);
      lookAtTexts(module, text);
      for (const finding of checked(module, random)) lookAtFinding(finding, text);
      patchImages(module);
    },
  };
}

/** Edits one after the other: what is read then is what a fresh reading of the text gives. */
export function editingTarget(parser: CParser, corpus: readonly string[]): Target {
  return {
    name: 'edits',
    run(random, note) {
      const unit = new SourceUnit(parser, FILE, random.pick(corpus));
      readModule([unit], CONTEXT);
      for (let edits = 1 + random.below(8); edits > 0; edits--) {
        const before = unit.text;
        const edit = randomEdit(random, before, random.pick(corpus));
        note(`${JSON.stringify(edit)}\n${before}`);
        unit.update([edit]);
        const text = before.slice(0, edit.start) + edit.newText + before.slice(edit.end);
        if (unit.text !== text) throw new Error('the text is not what the edit made of it');
        const module = readModule([unit], CONTEXT);
        const fresh = readModule([new SourceUnit(parser, FILE, text)], CONTEXT);
        const [a, b] = [JSON.stringify(module), JSON.stringify(fresh)];
        if (a !== b) throw new Error(`after edits it reads otherwise than from scratch: ${firstDifference(a, b)}`);
        const options = { kernel: KERNELS[0] as (typeof KERNELS)[0], severities: {}, onError: rethrow };
        const [found, freshlyFound] = [module, fresh].map((one) => JSON.stringify(checkModule(one, options)));
        if (found !== freshlyFound) throw new Error('after edits other things are found than from scratch');
      }
    },
  };
}

/** Somebody points at places of a broken text: what stands there, what may be typed there, what a kernel's source says. */
export function placesTarget(parser: CParser, corpus: readonly string[]): Target {
  return {
    name: 'places',
    run(random, note) {
      const text = mutatedText(random, random.pick(corpus), random.pick(corpus));
      note(text);
      const module = readModule([new SourceUnit(parser, FILE, text)], CONTEXT);
      for (let places = 20; places > 0; places--) {
        const offset = random.below(text.length + 1);
        const element = elementAt(module, FILE, offset);
        if (element) lookAtPlaces(element.range, text);
        initialiserAt(text, offset);
      }
      const names = ['uptime_proc_show', '__x64_sys_open', ...module.functions.map(({ name }) => name)];
      for (const name of names.slice(0, 6)) {
        for (const found of kernelFunctions(parser, FILE, text, name)) lookAtPlaces(found, text);
      }
    },
  };
}

function checked(module: LivepatchModule, random: Random): Finding[] {
  return checkModule(module, { kernel: random.pick(KERNELS), severities: {}, onError: rethrow });
}

function rethrow(rule: string, error: unknown): never {
  throw new Error(`rule ${rule} threw`, { cause: error });
}

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 80), at + 80)} | ${b.slice(Math.max(0, at - 80), at + 80)}`;
}

function isRange(value: object): value is SourceRange {
  return 'start' in value && 'end' in value && 'file' in value;
}

/** Every range anywhere in a model lies in the text. */
function lookAtPlaces(value: unknown, text: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (isRange(value)) {
    const { start, end, file } = value;
    if (!(start >= 0 && start <= end && end <= text.length) || file !== FILE) {
      throw new Error(`a place outside of the text: ${JSON.stringify(value)}, ${text.length} characters`);
    }
    return;
  }
  for (const part of Object.values(value)) lookAtPlaces(part, text);
}

/** What says what stands at its place says so rightly. */
function lookAtTexts(module: LivepatchModule, text: string): void {
  const at = ({ start, end }: SourceRange) => text.slice(start, end);
  const isThere = (what: string, range: SourceRange, expected: string): void => {
    if (at(range) !== expected)
      throw new Error(`${what}: ${JSON.stringify(expected)} is said to stand at ${JSON.stringify(at(range))}`);
  };
  for (const definition of module.functions) {
    // SYSCALL_DEFINE1(open, …) makes sys_open.
    if (!at(definition.nameRange).endsWith(definition.name.replace(/^sys_/, '')))
      isThere('function', definition.nameRange, definition.name);
    if (!at(definition.bodyRange).startsWith('{')) throw new Error('a body that does not start with its brace');
    for (const call of definition.calls) {
      isThere('callee', call.calleeRange, call.callee);
      for (const argument of call.arguments) isThere('argument', argument.range, argument.text);
    }
    for (const statement of definition.returns) {
      if (!at(statement.range).startsWith('return')) throw new Error('a return that is none');
    }
    for (const local of definition.staticLocals) isThere('static local', local.range, local.name);
  }
  for (const variable of module.variables) isThere('variable', variable.nameRange, variable.name);
  for (const table of [...module.funcTables, ...module.objectTables, ...module.stateTables]) {
    for (const entry of table.entries)
      for (const field of entry.fields) isThere('field', field.valueRange, field.valueText);
  }
  for (const patch of module.patches)
    for (const field of patch.fields) isThere('field', field.valueRange, field.valueText);
}

/** Places and edits of a finding lie in the text, and its edits can be made. */
function lookAtFinding(finding: Finding, text: string): void {
  lookAtPlaces(finding.range, text);
  for (const { range } of finding.related ?? []) lookAtPlaces(range, text);
  if (finding.message.trim() === '') throw new Error(`${finding.rule} says nothing`);
  for (const fix of finding.fixes ?? []) {
    for (const { range } of fix.edits) lookAtPlaces(range, text);
    applyEdits(text, fix.edits);
  }
}
