import { maskKernelMacros } from '../../../server/src/analysis/mask.ts';
import type { SyntaxNode } from '../../../server/src/analysis/parser.ts';
import { parser } from '../../support/parser.ts';
import { CArray, Cell, CFunction, type CValue, printf } from './c-values.ts';

/** A function that the kernel offers. `lvalues` finds what an argument names, for macros that write to it. */
export type KernelFunction = (args: readonly CValue[], lvalues: readonly (() => Cell)[]) => CValue;

/** What a thread waits for: it is suspended until somebody runs it on. */
export type Thread = Generator<undefined, CValue>;

export interface Surroundings {
  readonly functions: Readonly<Record<string, KernelFunction>>;
  readonly constants: Readonly<Record<string, CValue>>;
  /** The kernel's variables. */
  readonly variables: Readonly<Record<string, Cell>>;
  /** Takes a line of the kernel log. */
  print(text: string): void;
}

type Jump = { readonly to: 'break' | 'continue' } | { readonly returns: CValue } | { readonly label: string };
type Scope = Map<string, Cell>;

const LOOP_LIMIT = 10_000;

/**
 * Runs the C code of the selftests' modules: what prints lines into the log that the selftests demand. It knows the C that
 * stands there and throws at anything else.
 */
export class CProgram {
  /** Names of functions that are running, innermost last. */
  readonly running: string[] = [];
  private readonly module: string;
  private readonly surroundings: Surroundings;
  private readonly functions = new Map<string, { node: SyntaxNode; source: Source; value: CFunction }>();
  private readonly globals: Scope = new Map();
  private readonly initialisers = new Map<Cell, { node: SyntaxNode; source: Source }>();
  private readonly macros = new Map<string, string>();
  /** Names of DECLARE_WORK() and the function of each. */
  readonly works = new Map<Cell, string>();

  constructor(module: string, texts: readonly string[], surroundings: Surroundings) {
    this.module = module;
    this.surroundings = surroundings;
    for (const text of texts) this.add(new Source(text));
  }

  global(name: string): Cell {
    const cell = this.globals.get(name);
    if (!cell) throw new Error(`${name} is not defined in ${this.module}`);
    return cell;
  }

  /** Starts a function. The thread gives way where the kernel's msleep() does. */
  *thread(name: string, args: readonly CValue[]): Thread {
    const found = this.functions.get(name);
    if (!found) throw new Error(`${name}() is not defined in ${this.module}`);
    const { node, source } = found;
    const scope: Scope = new Map();
    const parameters = nodesOf(declaratorOf(node), 'parameter_list')[0]?.children ?? [];
    parameters
      .filter(({ type }) => type === 'parameter_declaration')
      .forEach((parameter, i) => {
        const name = nameOf(parameter, source);
        if (name !== null) scope.set(name, new Cell(args[i]));
      });
    this.running.push(name);
    const frame = new Frame(this, source, name, scope);
    const body = childOf(node, 'body');
    let jump = yield* frame.block(body);
    while (jump && 'label' in jump) jump = yield* frame.block(body, jump.label);
    this.running.splice(this.running.lastIndexOf(name), 1);
    return jump && 'returns' in jump ? jump.returns : undefined;
  }

  /** Runs a function to its end. */
  call(name: string, args: readonly CValue[]): CValue {
    const step = this.thread(name, args).next();
    if (!step.done) throw new Error(`${name}() went to sleep`);
    return step.value;
  }

  /** A name in an expression that is no local variable. Tables get their content when they are read, not for their address. */
  lookUp(name: string, use: 'value' | 'address'): Cell | CFunction | { readonly constant: CValue } {
    const global = this.globals.get(name);
    if (global) {
      const initialiser = this.initialisers.get(global);
      if (initialiser && (use === 'value' || childOf(initialiser.node, 'value').type !== 'initializer_list')) {
        this.initialisers.delete(global);
        const frame = new Frame(this, initialiser.source, '', new Map());
        frame.initialise(global, initialiser.node);
      }
      return global;
    }
    const found = this.functions.get(name);
    if (found) return found.value;
    const variable = this.surroundings.variables[name];
    if (variable) return variable;
    if (name in this.surroundings.constants) return { constant: this.surroundings.constants[name] };
    const macro = this.macros.get(name);
    if (macro !== undefined) return { constant: this.evaluate(macro) };
    throw new Error(`${name} is not known`);
  }

  /** A `static` variable of a function. */
  staticLocal(inFunction: string, name: string): Cell {
    const key = `${inFunction}.${name}`;
    const cell = this.globals.get(key) ?? new Cell(0);
    this.globals.set(key, cell);
    return cell;
  }

  kernelFunction(name: string): KernelFunction | undefined {
    if (name === 'pr_info') return ([format, ...args]) => this.print(String(format), args);
    return Object.hasOwn(this.surroundings.functions, name) ? this.surroundings.functions[name] : undefined;
  }

  private print(format: string, args: readonly CValue[]): undefined {
    // pr_fmt, as all of them define it.
    const prefix = /^KBUILD_MODNAME\s*": "\s*fmt$/.test(this.macros.get('pr_fmt') ?? '') ? `${this.module}: ` : '';
    this.surroundings.print(prefix + printf(format, args).replace(/\n$/, ''));
  }

  private evaluate(text: string): CValue {
    const source = new Source(`int x = (${text});`);
    const node = firstOf(source.tree, 'init_declarator');
    return run(new Frame(this, source, '', new Map()).value(childOf(node, 'value')));
  }

  private add(source: Source): void {
    const { raw } = source;
    for (const [, name = '', body = ''] of raw.matchAll(/^#define\s+(\w+)(?:\([^)]*\))?[ \t]+(.*)$/gm)) {
      this.macros.set(name, body.trim());
    }
    for (const [, macro, name = '', work] of raw.matchAll(
      /\b(LIST_HEAD|DECLARE_WORK|DECLARE_COMPLETION)\((\w+)(?:,\s*(\w+))?\)/g,
    )) {
      const cell = new Cell();
      this.globals.set(name, cell);
      if (macro === 'DECLARE_WORK' && work) this.works.set(cell, work);
    }
    for (const node of source.tree.children) {
      if (node.type === 'function_definition') {
        const name = nameOf(node, source);
        if (name !== null) this.functions.set(name, { node, source, value: new CFunction(name) });
      } else if (node.type === 'declaration') {
        this.declareGlobals(node, source);
      }
    }
  }

  private declareGlobals(node: SyntaxNode, source: Source): void {
    for (const declarator of node.children.filter(({ field }) => field === 'declarator')) {
      const name = nameOf(declarator, source);
      if (name === null || isFunction(declarator) || this.works.has(this.globals.get(name) as Cell)) continue;
      const cell = this.globals.get(name) ?? new Cell(0);
      this.globals.set(name, cell);
      if (declarator.type === 'init_declarator') {
        this.initialisers.set(cell, { node: declarator, source });
      }
    }
  }
}

/** A text, with what tree-sitter makes of it. */
class Source {
  readonly raw: string;
  readonly tree: SyntaxNode;

  constructor(raw: string) {
    this.raw = raw;
    this.tree = parser.parse(maskKernelMacros(raw));
  }

  text(node: SyntaxNode): string {
    return this.raw.slice(node.start, node.end);
  }
}

/** One call of a function. */
class Frame {
  private readonly program: CProgram;
  private readonly source: Source;
  private readonly name: string;
  private readonly scope: Scope;

  constructor(program: CProgram, source: Source, name: string, scope: Scope) {
    this.program = program;
    this.source = source;
    this.name = name;
    this.scope = scope;
  }

  // Statements

  /** `from`: the label at which to begin. */
  *block(node: SyntaxNode, from?: string): Generator<undefined, Jump | null> {
    let found = from === undefined;
    for (const child of node.children) {
      const isLabel = child.type === 'labeled_statement';
      if (isLabel && this.source.text(childOf(child, 'label')) === from) found = true;
      if (!found || !child.named) continue;
      const jump = yield* this.statement(isLabel ? (child.children.at(-1) as SyntaxNode) : child);
      if (jump) return jump;
    }
    if (!found) throw new Error(`label ${from} is not in the function's outermost block`);
    return null;
  }

  private *statement(node: SyntaxNode): Generator<undefined, Jump | null> {
    switch (node.type) {
      case 'comment':
        return null;
      case 'compound_statement':
        return yield* this.block(node);
      case 'declaration':
        yield* this.declare(node);
        return null;
      case 'expression_statement':
        for (const child of node.children) if (child.named) yield* this.value(child);
        return null;
      case 'if_statement': {
        const branch = truth(yield* this.value(childOf(node, 'condition'))) ? 'consequence' : 'alternative';
        const taken = node.children.find(({ field }) => field === branch);
        if (!taken) return null;
        return yield* this.statement(taken.type === 'else_clause' ? (taken.children.at(-1) as SyntaxNode) : taken);
      }
      case 'for_statement':
      case 'while_statement':
        return yield* this.loop(node);
      case 'return_statement': {
        const value = node.children.find(({ named }) => named);
        return { returns: value ? yield* this.value(value) : undefined };
      }
      case 'goto_statement':
        return { label: this.source.text(childOf(node, 'label')) };
      case 'break_statement':
        return { to: 'break' };
      case 'continue_statement':
        return { to: 'continue' };
    }
    throw new Error(`statement not known: ${this.source.text(node)}`);
  }

  private *loop(node: SyntaxNode): Generator<undefined, Jump | null> {
    if (this.source.text(node).startsWith('list_for_each_entry')) return yield* this.listLoop(node);
    const part = (field: string) => node.children.find((child) => child.field === field);
    const [initializer, condition, update] = [part('initializer'), part('condition'), part('update')];
    if (initializer) yield* this.value(initializer);
    for (let rounds = 0; !condition || truth(yield* this.value(condition)); rounds++) {
      if (rounds > LOOP_LIMIT) throw new Error(`an endless loop: ${this.source.text(node)}`);
      const jump = yield* this.statement(childOf(node, 'body'));
      if (jump && 'to' in jump && jump.to === 'break') break;
      if (jump && !('to' in jump)) return jump;
      if (update) yield* this.value(update);
    }
    return null;
  }

  /** list_for_each_entry(pos, head, member), which the parser sees as a while; the _safe one has a second position. */
  private *listLoop(node: SyntaxNode): Generator<undefined, Jump | null> {
    const condition = childOf(node, 'condition');
    const args = commaSeparated(condition).filter(({ named }) => named);
    const [pos, head] = [args[0], args.at(-2)];
    if (!pos || !head) throw new Error(this.source.text(condition));
    const entry = yield* this.lvalue(pos);
    const list = yield* this.value(head);
    if (!(list instanceof Cell)) throw new Error('no list head');
    for (const link of [...list.entries]) {
      entry.value = link.owner ?? 0;
      const jump = yield* this.statement(childOf(node, 'body'));
      if (jump && 'to' in jump && jump.to === 'break') break;
      if (jump && !('to' in jump)) return jump;
    }
    return null;
  }

  private *declare(node: SyntaxNode): Generator<undefined, void> {
    const isStatic = node.children.some(
      (child) => child.type === 'storage_class_specifier' && this.source.text(child) === 'static',
    );
    for (const declarator of node.children.filter(({ field }) => field === 'declarator')) {
      const name = nameOf(declarator, this.source);
      if (name === null) continue;
      if (isStatic) {
        this.scope.set(name, this.program.staticLocal(this.name, name));
        continue;
      }
      const cell = new Cell();
      const size = nodesOf(declarator, 'array_declarator')[0];
      if (size) cell.value = new CArray(Number(yield* this.value(childOf(size, 'size'))));
      this.scope.set(name, cell);
      if (declarator.type === 'init_declarator') cell.value = yield* this.value(childOf(declarator, 'value'));
    }
  }

  /** A variable at file scope: a value, or an array whose elements are named by index. */
  initialise(cell: Cell, declarator: SyntaxNode): void {
    const value = childOf(declarator, 'value');
    if (value.type !== 'initializer_list') {
      cell.value = run(this.value(value));
      return;
    }
    const array = new CArray(0);
    for (const pair of value.children.filter(({ type }) => type === 'initializer_pair')) {
      const index = nodesOf(pair, 'subscript_designator')[0]?.children.find(({ named }) => named);
      if (!index) throw new Error(`not known: ${this.source.text(pair)}`);
      array.at(Number(run(this.value(index)))).value = run(this.value(childOf(pair, 'value')));
    }
    cell.value = array;
  }

  // Expressions

  *value(node: SyntaxNode): Generator<undefined, CValue> {
    const { source } = this;
    switch (node.type) {
      case 'number_literal':
        return Number(source.text(node).replace(/[uUlL]+$/, ''));
      case 'string_literal':
        return contentOf(source.text(node));
      case 'concatenated_string': {
        let text = '';
        for (const child of node.children) text += String(yield* this.value(child));
        return text;
      }
      case 'null':
      case 'false':
        return 0;
      case 'true':
        return 1;
      case 'identifier':
        return this.identifier(source.text(node));
      case 'parenthesized_expression':
        return yield* this.value(node.children.find(({ named }) => named) as SyntaxNode);
      case 'cast_expression':
        return yield* this.value(childOf(node, 'value'));
      case 'sizeof_expression':
        // All that is measured and printed is a pointer.
        return 8;
      case 'call_expression':
        return yield* this.call(node);
      case 'unary_expression':
        return this.unary(node, yield* this.value(childOf(node, 'argument')));
      case 'binary_expression':
        return yield* this.binary(node);
      case 'comma_expression': {
        let last: CValue;
        for (const child of node.children) if (child.named) last = yield* this.value(child);
        return last;
      }
      case 'assignment_expression': {
        if (source.text(childOf(node, 'operator')) !== '=') break;
        const value = yield* this.value(childOf(node, 'right'));
        (yield* this.lvalue(childOf(node, 'left'))).value = value;
        return value;
      }
      case 'update_expression': {
        const cell = yield* this.lvalue(childOf(node, 'argument'));
        const before = Number(cell.value);
        const after = source.text(childOf(node, 'operator')) === '++' ? before + 1 : before - 1;
        cell.value = after;
        return node.children[0]?.field === 'operator' ? after : before;
      }
      case 'pointer_expression':
        if (source.text(childOf(node, 'operator')) === '&') return yield* this.lvalue(childOf(node, 'argument'));
        return (yield* this.lvalue(node)).value;
      case 'field_expression':
      case 'subscript_expression':
        return (yield* this.lvalue(node)).value;
    }
    throw new Error(`expression not known: ${source.text(node)}`);
  }

  *lvalue(node: SyntaxNode): Generator<undefined, Cell> {
    const { source } = this;
    switch (node.type) {
      case 'identifier': {
        const found = this.scope.get(source.text(node)) ?? this.program.lookUp(source.text(node), 'address');
        if (found instanceof Cell) return found;
        break;
      }
      case 'parenthesized_expression':
        return yield* this.lvalue(node.children.find(({ named }) => named) as SyntaxNode);
      case 'pointer_expression': {
        const pointer = yield* this.value(childOf(node, 'argument'));
        if (pointer instanceof Cell) return pointer;
        break;
      }
      case 'field_expression': {
        const argument = childOf(node, 'argument');
        const name = source.text(childOf(node, 'field'));
        const struct =
          source.text(childOf(node, 'operator')) === '.' ? yield* this.lvalue(argument) : yield* this.value(argument);
        if (struct instanceof Cell) return struct.field(name);
        break;
      }
      case 'subscript_expression': {
        const array = yield* this.value(childOf(node, 'argument'));
        const index = yield* this.value(childOf(node, 'index'));
        if (array instanceof CArray) return array.at(Number(index));
        break;
      }
    }
    throw new Error(`nothing to point to: ${source.text(node)}`);
  }

  private identifier(name: string): CValue {
    if (name === '__func__') return this.name;
    const found = this.scope.get(name) ?? this.program.lookUp(name, 'value');
    if (found instanceof Cell) return found.value;
    return found instanceof CFunction ? found : found.constant;
  }

  private *call(node: SyntaxNode): Generator<undefined, CValue> {
    const callee = this.source.text(childOf(node, 'function'));
    const nodes = childOf(node, 'arguments').children.filter(({ named, type }) => named && type !== 'comment');
    const args: CValue[] = [];
    for (const argument of nodes) args.push(yield* this.value(argument));
    if (callee === 'msleep') {
      this.program.running.push(callee);
      yield;
      this.program.running.splice(this.program.running.lastIndexOf(callee), 1);
      return undefined;
    }
    const kernel = this.program.kernelFunction(callee);
    if (!kernel) return yield* this.program.thread(callee, args);
    return kernel(
      args,
      nodes.map((argument) => () => run(this.lvalue(argument))),
    );
  }

  private unary(node: SyntaxNode, value: CValue): CValue {
    const operator = this.source.text(childOf(node, 'operator'));
    if (operator === '!') return truth(value) ? 0 : 1;
    if (operator === '-' && typeof value === 'number') return -value;
    throw new Error(`not known: ${this.source.text(node)}`);
  }

  private *binary(node: SyntaxNode): Generator<undefined, CValue> {
    const operator = this.source.text(childOf(node, 'operator'));
    const left = yield* this.value(childOf(node, 'left'));
    if (operator === '&&' && !truth(left)) return 0;
    if (operator === '||' && truth(left)) return 1;
    const right = yield* this.value(childOf(node, 'right'));
    switch (operator) {
      case '&&':
      case '||':
        return truth(right) ? 1 : 0;
      case '==':
        return left === right ? 1 : 0;
      case '!=':
        return left === right ? 0 : 1;
      case '<':
        return Number(left) < Number(right) ? 1 : 0;
      case '%':
        return Number(left) % Number(right);
    }
    throw new Error(`not known: ${this.source.text(node)}`);
  }
}

function truth(value: CValue): boolean {
  return value !== 0 && value !== undefined;
}

/** To the end; what is run may not sleep. */
function run<T>(generator: Generator<undefined, T>): T {
  const step = generator.next();
  if (!step.done) throw new Error('went to sleep in an expression');
  return step.value;
}

function childOf(node: SyntaxNode, field: string): SyntaxNode {
  const child = node.children.find((candidate) => candidate.field === field);
  if (!child) throw new Error(`${node.type} has no ${field}`);
  return child;
}

function declaratorOf(node: SyntaxNode): SyntaxNode {
  return childOf(node, 'declarator');
}

/** All nodes of a type in a declarator, from the outside; values and sizes are not part of it. */
function nodesOf(node: SyntaxNode, type: string): SyntaxNode[] {
  if (node.type === type) return [node];
  return node.children
    .filter(
      ({ field, type: kind }) =>
        field !== 'value' && (field !== null || kind === type || kind === 'subscript_designator'),
    )
    .flatMap((child) => nodesOf(child, type));
}

function firstOf(node: SyntaxNode, type: string): SyntaxNode {
  const found = node.type === type ? node : node.children.map((child) => firstOrNull(child, type)).find(Boolean);
  if (!found) throw new Error(`no ${type}`);
  return found;
}

function firstOrNull(node: SyntaxNode, type: string): SyntaxNode | null {
  if (node.type === type) return node;
  for (const child of node.children) {
    const found = firstOrNull(child, type);
    if (found) return found;
  }
  return null;
}

/** The name that a declaration, a declarator or a parameter declares. */
function nameOf(node: SyntaxNode, source: Source): string | null {
  let inner: SyntaxNode | undefined = node;
  while (inner && inner.type !== 'identifier') {
    inner = inner.children.find(({ field }) => field === 'declarator');
  }
  return inner ? source.text(inner) : null;
}

function isFunction(declarator: SyntaxNode): boolean {
  return (
    declarator.type === 'function_declarator' ||
    declarator.children.some((child) => child.field === 'declarator' && isFunction(child))
  );
}

function commaSeparated(node: SyntaxNode): SyntaxNode[] {
  if (node.type !== 'comma_expression' && node.type !== 'parenthesized_expression') return [node];
  return node.children.flatMap(commaSeparated);
}

function contentOf(literal: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
  return literal.slice(1, -1).replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
