import type { SyntaxNode } from '../../../server/src/analysis/parser.ts';
import { Frame, run, type Scope } from './c-frame.ts';
import { childOf, firstOf, isFunction, nameOf, nodesOf, Source } from './c-syntax.ts';
import { Cell, CFunction, type CValue, printf } from './c-values.ts';

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
    const parameters = nodesOf(childOf(node, 'declarator'), 'parameter_list')[0]?.children ?? [];
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
