import type { SyntaxNode } from '../../../server/src/analysis/parser.ts';
import type { CProgram } from './c-program.ts';
import { childOf, commaSeparated, contentOf, nameOf, nodesOf, type Source } from './c-syntax.ts';
import { CArray, Cell, CFunction, type CValue } from './c-values.ts';

/** How a statement leaves the one after it. */
export type Jump = { readonly to: 'break' | 'continue' } | { readonly returns: CValue } | { readonly label: string };
export type Scope = Map<string, Cell>;

const LOOP_LIMIT = 10_000;

/** One call of a function: its variables, and the statements and expressions that it runs. */
export class Frame {
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
export function run<T>(generator: Generator<undefined, T>): T {
  const step = generator.next();
  if (!step.done) throw new Error('went to sleep in an expression');
  return step.value;
}
