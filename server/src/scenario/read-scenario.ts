import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { ERRNO } from '../../../shared/src/scenario/errno-names.ts';
import {
  type Expectation,
  type Scenario,
  type ScenarioAction,
  type ScenarioStep,
  type ScenarioTask,
  type SignalName,
  TASK_STATES,
  type TaskActivity,
  type TextSpan,
  WAIT_FOR_INPUT,
} from '../../../shared/src/scenario/scenario.ts';
import { SCENARIO_SCHEMA } from '../../../shared/src/scenario/schema.ts';
import { parseKernelVersion } from '../kernel/version.ts';
import { checkTree, errorAt, properties, type ScenarioError, unknownName } from './check-tree.ts';

export type { ScenarioError } from './check-tree.ts';

export type ScenarioReading =
  | { readonly scenario: Scenario; readonly errors: readonly [] }
  /** In the order in which they stand in the text; at least one. */
  | { readonly scenario: null; readonly errors: readonly ScenarioError[] };

/** Characters. Nobody writes longer ones by hand. */
const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 50;
/** TASK_COMM_LEN without its NUL. */
const MAX_TASK_NAME = 15;

/** Reads a scenario file. Never throws: whatever is wrong is said with its place in the text. */
export function readScenario(text: string): ScenarioReading {
  const failed = (errors: readonly ScenarioError[]): ScenarioReading => ({
    scenario: null,
    errors: [...errors].sort((a, b) => a.start - b.start),
  });
  if (text.length > MAX_LENGTH) return failed([{ start: 0, end: 0, message: 'The file is too large for a scenario.' }]);
  const deep = tooDeep(text);
  if (deep !== null) return failed([{ start: deep, end: deep + 1, message: 'The brackets are nested too deeply.' }]);
  const problems: ParseError[] = [];
  // A byte order mark is no JSON; blanks in its place keep every offset.
  const root = parseTree(text.replace(/^\uFEFF/, ' '), problems, { allowTrailingComma: true });
  if (problems.length > 0) return failed(problems.map((problem) => syntaxError(problem, text.length)));
  if (!root) return failed([{ start: 0, end: 0, message: 'The file is empty.' }]);
  const errors = checkTree(root, SCENARIO_SCHEMA);
  if (errors.length > 0) return failed(errors);
  const scenario = build(root);
  const meaning = new MeaningCheck(scenario, root).run();
  return meaning.length > 0 ? failed(meaning) : { scenario, errors: [] };
}

/** The offset of the first bracket that is too deep: the parser calls itself for each. */
function tooDeep(text: string): number | null {
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[[{]|[\]}]/g)) {
    if (match[0] === '[' || match[0] === '{') depth++;
    else if (match[0] === ']' || match[0] === '}') depth--;
    if (depth > MAX_DEPTH) return match.index;
  }
  return null;
}

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'This is no JSON.',
  InvalidNumberFormat: 'This is no number.',
  PropertyNameExpected: 'A key in double quotes is expected here.',
  ValueExpected: 'A value is expected here.',
  ColonExpected: 'A colon is expected here.',
  CommaExpected: 'A comma is expected here.',
  CloseBraceExpected: 'A "}" is missing.',
  CloseBracketExpected: 'A "]" is missing.',
  EndOfFileExpected: 'Nothing may follow the scenario.',
  UnexpectedEndOfComment: 'The comment has no end.',
  UnexpectedEndOfString: 'The text has no closing quote.',
  InvalidUnicode: 'This is no \\u sequence.',
  InvalidEscapeCharacter: 'There is no such backslash sequence.',
  InvalidCharacter: 'This character must not stand in a text.',
};

/** The parser looks for the end of an open comment beyond the text's. */
function syntaxError({ error, offset, length }: ParseError, textLength: number): ScenarioError {
  const message = SYNTAX[printParseErrorCode(error)] ?? 'This is no JSON.';
  const start = Math.min(offset, textLength);
  return { start, end: Math.min(offset + length, Math.max(1, textLength)), message };
}

// From here on the tree is as the schema says.

const spanOf = (node: Node): TextSpan => ({ start: node.offset, end: node.offset + node.length });

function child(node: Node | undefined, key: string): Node | undefined {
  return node && properties(node).find((property) => property.key === key)?.value;
}

function field<T>(node: Node | undefined, key: string): T | undefined {
  const found = child(node, key);
  return found && (getNodeValue(found) as T);
}

function mapOf<T>(node: Node | undefined, read: (value: Node) => T): ReadonlyMap<string, T> {
  return new Map((node ? properties(node) : []).map(({ key, value }) => [key, read(value)]));
}

const stringOf = (node: Node): string => String(node.value);

function build(root: Node): Scenario {
  return {
    title: field(root, 'title') ?? '',
    kernels: field(root, 'kernels') ?? ['6.12'],
    modules: mapOf(child(root, 'modules'), stringOf),
    targets: mapOf(child(root, 'targets'), stringOf),
    workload: field(root, 'workload') ?? null,
    seed: field(root, 'seed') ?? 1,
    symbols: mapOf(child(root, 'symbols'), (node) => node.value as number | 'notrace'),
    tasks: mapOf(child(root, 'tasks'), taskOf),
    steps: (child(root, 'steps')?.children ?? []).map(stepOf),
  };
}

function taskOf(node: Node): ScenarioTask {
  return {
    does: field<TaskActivity>(node, 'does') ?? 'pause',
    file: field(node, 'file') ?? null,
    seconds: field(node, 'seconds') ?? null,
    stack: field(node, 'stack') ?? null,
    state: field(node, 'state') ?? TASK_STATES[0],
    onSignal: field(node, 'onSignal') ?? 'restarts',
    afterWake: field(node, 'afterWake') ?? null,
  };
}

function stepOf(node: Node): ScenarioStep {
  return { ...actionOf(node), source: spanOf(node), errno: errnoOf(field(node, 'errno')) };
}

function errnoOf(name: string | undefined): number | null {
  if (name === 'any') return null;
  return name === undefined || name === '0' ? 0 : -ERRNO[name as keyof typeof ERRNO];
}

function actionOf(node: Node): ScenarioAction {
  const text = (key: string): string => field<string>(node, key) ?? '';
  const parameters = mapOf(child(node, 'parameters'), stringOf);
  for (const { key } of properties(node)) {
    switch (key) {
      case 'load':
        return {
          do: 'load',
          module: text(key),
          parameters,
          returns: mapOf(child(node, 'returns'), (value) => Number(value.value)),
        };
      case 'unload':
        return { do: 'unload', module: text(key) };
      case 'write':
        return { do: 'write', path: text(key), value: text('value') };
      case 'disable':
        return { do: 'write', path: `${text(key)}/enabled`, value: '0' };
      case 'force':
        return { do: 'write', path: `${text(key)}/force`, value: '1' };
      case 'load-target':
        return { do: 'load-target', target: text(key), parameters };
      case 'unload-target':
        return { do: 'unload-target', target: text(key) };
      case 'start':
      case 'watch':
        return { do: key, task: text(key) };
      case 'wake': {
        const by = child(node, 'by');
        return {
          do: 'wake',
          task: text(key),
          by: by ? { path: field(by, 'file') ?? '', value: field(by, 'value') ?? '' } : null,
        };
      }
      case 'kill':
        return { do: 'signal', task: text(key), signal: 'KILL' };
      case 'signal':
        return { do: 'signal', task: text(key), signal: text('name') as SignalName };
      case 'wait': {
        const wait = field<number | string>(node, key);
        if (typeof wait === 'number') return { do: 'wait', seconds: wait };
        return { do: 'wait-transition', limit: field(node, 'limit') ?? 60 };
      }
      case 'sysctl':
        return { do: 'sysctl', name: text(key), value: text('value') };
      case 'expect':
        return { do: 'expect', expect: expectationOf(child(node, key) as Node) };
    }
  }
  throw new Error('a step without a verb passed the schema');
}

function expectationOf(node: Node): Expectation {
  const texts = (key: 'log' | 'noLog') => {
    const list = child(node, key);
    return list ? { [key]: (list.children ?? []).map((item) => ({ source: spanOf(item), text: stringOf(item) })) } : {};
  };
  const entries = <T>(key: string, read: (name: string, value: Node, source: TextSpan) => T) => {
    const map = child(node, key);
    return map
      ? {
          [key]: properties(map).map(({ key: name, keyNode, value }) =>
            read(name, value, { start: keyNode.offset, end: value.offset + value.length }),
          ),
        }
      : {};
  };
  const callbacks = child(node, 'callbacks');
  const blocked = child(node, 'blocked');
  const took = child(node, 'took');
  return {
    ...texts('log'),
    ...texts('noLog'),
    ...(callbacks ? { callbacks: { source: spanOf(callbacks), names: (callbacks.children ?? []).map(stringOf) } } : {}),
    ...entries('sysfs', (path, value, source) => ({ source, path, value: value.value as string | null })),
    ...entries('patchState', (task, value, source) => ({ source, task, state: value.value as number | 'gone' })),
    ...(blocked
      ? { blocked: { source: spanOf(blocked), tasks: mapOf(blocked, (value) => value.value as string | null) } }
      : {}),
    ...entries('eintr', (task, value, source) => ({ source, task, times: Number(value.value) })),
    ...(took
      ? {
          took: {
            source: spanOf(took),
            atLeast: field(took, 'atLeast') ?? 0,
            atMost: field(took, 'atMost') ?? Infinity,
          },
        }
      : {}),
  };
}

/** What can only be told from the whole: names, and steps that can't be carried out in their order. */
class MeaningCheck {
  private readonly scenario: Scenario;
  private readonly root: Node;
  private readonly errors: ScenarioError[] = [];
  private readonly begun = new Set<string>();
  private readonly loaded = new Set<string>();

  constructor(scenario: Scenario, root: Node) {
    this.scenario = scenario;
    this.root = root;
  }

  run(): ScenarioError[] {
    for (const item of child(this.root, 'kernels')?.children ?? []) {
      if (!parseKernelVersion(String(item.value))) this.say(item, 'This must be a version such as "6.12".');
    }
    for (const part of ['modules', 'targets'] as const) this.checkModules(part);
    for (const { key, keyNode } of properties((child(this.root, 'tasks') as Node | undefined) ?? this.root)) {
      if (this.scenario.tasks.has(key)) this.checkTask(key, keyNode);
    }
    const nodes = child(this.root, 'steps')?.children ?? [];
    this.scenario.steps.forEach((step, index) => {
      const node = nodes[index];
      if (node) this.checkStep(step, node);
    });
    return this.errors;
  }

  private say(node: Node, message: string): void {
    this.errors.push(errorAt(node, message));
  }

  private checkModules(part: 'modules' | 'targets'): void {
    const map = child(this.root, part);
    for (const { key, keyNode, value } of map ? properties(map) : []) {
      if (!/^\w{1,55}$/.test(key)) this.say(keyNode, 'A module name has letters, digits and "_", 55 at most.');
      else if (part === 'targets' && this.scenario.modules.has(key))
        this.say(keyNode, `"${key}" is a livepatch module of this scenario, too.`);
      if (!String(value.value).endsWith('.c')) this.say(value, 'This must be the path of a C file.');
    }
  }

  private checkTask(name: string, node: Node): void {
    const task = this.scenario.tasks.get(name);
    if (!task) return;
    const reader = task.does === 'read' && task.file !== null;
    if (!/^[\w:./-]+$/.test(name) || name.length > MAX_TASK_NAME) {
      this.say(node, `A task's name has ${MAX_TASK_NAME} characters at most, and no blanks.`);
    }
    if (task.file !== null && task.does !== 'read') this.say(node, 'Only a task that does "read" has a "file".');
    if (task.seconds !== null && task.does !== 'nanosleep')
      this.say(node, 'Only a task that does "nanosleep" has "seconds".');
    if (task.afterWake !== null && task.does !== 'kernel-thread')
      this.say(node, 'Only a "kernel-thread" has "afterWake".');
    if (reader && task.stack === null) this.say(node, 'Where it sleeps in the read of its file must be said: "stack".');
    if (!reader && task.stack !== null && task.does !== 'kernel-thread') {
      this.say(node, `Where a task that does "${task.does}" sleeps is known: "stack" is for files and kernel threads.`);
    }
  }

  private checkStep(step: ScenarioStep, node: Node): void {
    const { modules, targets } = this.scenario;
    switch (step.do) {
      case 'load':
        if (this.known(node, 'load', 'module', step.module, modules)) this.loaded.add(step.module);
        break;
      case 'unload':
        if (this.known(node, 'unload', 'module', step.module, modules)) this.mustBeLoaded(node, step.module);
        break;
      case 'load-target':
        if (this.known(node, 'load-target', 'target', step.target, targets)) this.loaded.add(step.target);
        break;
      case 'unload-target':
        if (this.known(node, 'unload-target', 'target', step.target, targets)) this.mustBeLoaded(node, step.target);
        break;
      case 'write': {
        const [module = ''] = step.path.split('/');
        const key = ['write', 'disable', 'force'].find((name) => child(node, name)) ?? 'write';
        if (this.known(node, key, 'module', module, modules)) this.mustBeLoaded(node, module);
        break;
      }
      case 'start':
      case 'watch':
        this.checkBeginning(step.do, step.task, node);
        break;
      case 'wake':
      case 'signal':
        this.checkTaskStep(step, node);
        break;
      case 'expect':
        this.checkExpectation(child(node, 'expect') as Node);
        break;
      case 'wait':
        if (child(node, 'limit')) this.say(child(node, 'limit') as Node, 'A limit is for waiting for a transition.');
        break;
      default:
        break;
    }
  }

  private known(node: Node, key: string, kind: string, name: string, names: ReadonlyMap<string, unknown>): boolean {
    if (names.has(name)) return true;
    this.say(child(node, key) ?? node, unknownName(kind, name, [...names.keys()]));
    return false;
  }

  private mustBeLoaded(node: Node, name: string): void {
    if (!this.loaded.has(name)) this.say(node, `No step before this one loads "${name}".`);
  }

  private checkBeginning(verb: 'start' | 'watch', name: string, node: Node): void {
    if (!this.known(node, verb, 'task', name, this.scenario.tasks)) return;
    const thread = this.scenario.tasks.get(name)?.does === 'kernel-thread';
    if (thread && verb === 'start') this.say(node, 'A kernel thread is there by itself: "watch" looks at it.');
    else if (!thread && verb === 'watch') this.say(node, 'A task must be started: "watch" is for kernel threads.');
    else if (this.begun.has(name)) this.say(node, `"${name}" was begun by a step before.`);
    this.begun.add(name);
  }

  private checkTaskStep(step: ScenarioStep & { do: 'wake' | 'signal' }, node: Node): void {
    const key = ['wake', 'kill', 'signal'].find((name) => child(node, name)) ?? 'wake';
    if (!this.known(node, key, 'task', step.task, this.scenario.tasks)) return;
    const task = this.scenario.tasks.get(step.task);
    if (!this.begun.has(step.task)) this.say(node, `No step before this one starts "${step.task}".`);
    if (step.do === 'signal' && task?.does === 'kernel-thread') this.say(node, 'Kernel threads take no signals.');
    if (step.do === 'wake' && step.by === null && task && !(WAIT_FOR_INPUT.has(task.does) && task.file === null)) {
      this.say(node, 'What makes it go on on a real kernel must be said: "by", with a file and a value.');
    }
  }

  private checkExpectation(node: Node): void {
    for (const part of ['patchState', 'blocked', 'eintr']) {
      const map = child(node, part);
      for (const { key, keyNode } of map ? properties(map) : []) {
        if (!this.scenario.tasks.has(key)) this.say(keyNode, unknownName('task', key, [...this.scenario.tasks.keys()]));
        else if (!this.begun.has(key)) this.say(keyNode, `No step before this one starts "${key}".`);
      }
    }
    const sysfs = child(node, 'sysfs');
    for (const { key, keyNode } of sysfs ? properties(sysfs) : []) {
      const [module = ''] = key.split('/');
      if (!this.scenario.modules.has(module))
        this.say(keyNode, unknownName('module', module, [...this.scenario.modules.keys()]));
    }
    const callbacks = child(node, 'callbacks');
    for (const item of callbacks?.children ?? []) {
      if (!/^(?:pre|post)_(?:un)?patch \S+$/.test(String(item.value))) {
        this.say(item, 'A callback is told as "pre_patch vmlinux": its name and its object.');
      }
    }
  }
}
