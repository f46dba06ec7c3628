import { matching } from './declarators.ts';
import type { ResultFact, Span, WriteFact } from './function-facts.ts';
import type { SyntaxNode } from './parser.ts';
import { tokenize } from './scanner.ts';

/** Macros that pass their argument's value on. */
const TRANSPARENT = new Set(['likely', 'unlikely', 'READ_ONCE', '__builtin_expect']);
/** Macros and functions whose use is to test their argument. */
const TESTS = /^(?:WARN|WARN_ON|WARN_ON_ONCE|WARN_ONCE|BUG_ON|IS_ERR|IS_ERR_OR_NULL|PTR_ERR_OR_ZERO|assert|KUNIT_\w+)$/;
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=', '&&', '||']);
interface Mention extends Span {
  readonly role: 'tested' | 'returned' | 'dereferenced' | 'assigned' | 'other';
}

interface PendingCall {
  readonly callee: string;
  readonly calleeSpan: Span;
  readonly span: Span;
  readonly arguments: readonly Span[];
  readonly use: Use;
}

/** How an expression's value is used, as far as the expressions around it tell. */
type Use =
  | { readonly kind: 'dropped' | 'returned' | 'tested' | 'other' }
  | { readonly kind: 'assigned'; readonly to: string; readonly next: 'tested' | 'returned' | null };

/** One walk over the syntax of a body. */
export class BodyReader {
  private readonly text: string;
  private readonly offset: number;
  private readonly parents: SyntaxNode[] = [];
  private readonly calls: PendingCall[] = [];
  private readonly returns: { span: Span; value: Span | null }[] = [];
  private readonly staticLocals: { name: string; span: Span }[] = [];
  private readonly writes: WriteFact[] = [];
  private readonly aliases: { to: string; of: string }[] = [];
  /** By the text of the name or field. */
  private readonly mentions = new Map<string, Mention[]>();

  constructor(text: string, offset: number) {
    this.text = text;
    this.offset = offset;
  }

  facts() {
    for (const mentions of this.mentions.values()) mentions.sort((a, b) => a.start - b.start);
    const calls = this.calls.map((call) => {
      const { callee, calleeSpan, arguments: given, span } = call;
      return { callee, calleeSpan, arguments: given, ...span, result: this.result(call) };
    });
    calls.sort((a, b) => a.start - b.start || b.end - a.end);
    const { returns, staticLocals, writes, aliases } = this;
    return { calls, returns, staticLocals, writes, aliases };
  }

  visit(node: SyntaxNode): void {
    this.read(node);
    this.parents.push(node);
    for (const child of node.children) this.visit(child);
    this.parents.pop();
  }

  private span(node: SyntaxNode): Span {
    return { start: node.start + this.offset, end: node.end + this.offset };
  }

  private textOf(node: SyntaxNode | undefined): string {
    return node ? this.text.slice(node.start, node.end) : '';
  }

  private read(node: SyntaxNode): void {
    switch (node.type) {
      case 'call_expression':
        this.call(node);
        break;
      case 'macro_type_specifier':
        this.macroType(node);
        break;
      case 'function_declarator':
        this.misreadCall(node);
        break;
      case 'return_statement': {
        const value = node.children.find((child) => child.named && child.type !== 'comment');
        this.returns.push({ span: this.span(node), value: value ? this.span(value) : null });
        break;
      }
      case 'declaration':
        this.declaration(node);
        break;
      case 'assignment_expression':
        this.assignment(node);
        break;
      case 'update_expression':
        this.write(child(node, 'argument'), node);
        break;
      case 'identifier':
      case 'field_expression':
        this.mention(node);
        break;
    }
  }

  private call(node: SyntaxNode): void {
    const callee = child(node, 'function');
    const list = child(node, 'arguments');
    if (callee?.type !== 'identifier' || !list) return;
    this.addCall(node, callee, this.argumentsOf(list));
  }

  /** Arguments by their commas: an argument that is no expression (a type, an operator) is one all the same. */
  private argumentsOf(list: SyntaxNode): Span[] {
    const result: Span[] = [];
    const first = list.children[0];
    const last = list.children.at(-1);
    if (first?.type !== '(' || !last) return result;
    const tokens = tokenize(this.text.slice(first.end, last.type === ')' ? last.start : last.end));
    const base = first.end + this.offset;
    for (let i = 0, begin = 0; i <= tokens.length; i++) {
      const text = tokens[i]?.text;
      if (text === '(' || text === '{' || text === '[') i = matching(tokens, i);
      else if (text === ',' || i === tokens.length) {
        const from = tokens[begin];
        const to = tokens[i - 1];
        if (from && to && i > begin) result.push({ start: base + from.start, end: base + to.end });
        begin = i + 1;
      }
    }
    return result;
  }

  private addCall(node: SyntaxNode, callee: SyntaxNode, given: readonly Span[]): void {
    this.calls.push({
      callee: this.textOf(callee),
      calleeSpan: this.span(callee),
      span: this.span(node),
      arguments: given,
      use: this.useOf(node, this.parents.length - 1),
    });
  }

  /** `f(x) * y = …`, read as a declaration whose type is a macro call. */
  private macroType(node: SyntaxNode): void {
    const name = child(node, 'name');
    if (name && /^[a-z]/.test(this.textOf(name))) this.addCall(node, name, []);
  }

  /** A macro before it makes tree-sitter read a call as a declaration of a function. */
  private misreadCall(node: SyntaxNode): void {
    const callee = child(node, 'declarator');
    const list = child(node, 'parameters');
    const parent = this.parents.at(-1);
    if (callee?.type !== 'identifier' || !list || parent?.type !== 'declaration') return;
    const names = list.children.filter(({ type }) => type === 'parameter_declaration');
    if (names.some((parameter) => parameter.children.length > 1)) return;
    this.calls.push({
      callee: this.textOf(callee),
      calleeSpan: this.span(callee),
      span: this.span(node),
      arguments: this.argumentsOf(list),
      use: { kind: 'dropped' },
    });
  }

  /** Goes up from an expression to what takes its value. `at` is the index of its parent. */
  private useOf(node: SyntaxNode, at: number): Use {
    const parent = this.parents[at];
    if (!parent) return { kind: 'other' };
    switch (parent.type) {
      case 'parenthesized_expression':
      case 'comma_expression':
        if (parent.type === 'comma_expression' && node.field === 'left') return { kind: 'dropped' };
        if (parent.field === 'condition') return { kind: 'tested' };
        return this.useOf(parent, at - 1);
      case 'if_statement':
      case 'while_statement':
      case 'do_statement':
      case 'for_statement':
      case 'switch_statement':
        return { kind: node.field === 'condition' ? 'tested' : 'dropped' };
      case 'expression_statement':
        return this.endsStatementExpression(parent, at) ? { kind: 'other' } : { kind: 'dropped' };
      case 'return_statement':
        return { kind: 'returned' };
      case 'cast_expression': {
        if (this.textOf(child(parent, 'type')).trim() === 'void') return { kind: 'dropped' };
        return this.useOf(parent, at - 1);
      }
      case 'unary_expression':
        if (parent.children[0]?.type === '!') return { kind: 'tested' };
        return this.useOf(parent, at - 1);
      case 'binary_expression':
        return { kind: parent.children.some(({ type }) => COMPARISONS.has(type)) ? 'tested' : 'other' };
      case 'conditional_expression':
        return node.field === 'condition' ? { kind: 'tested' } : this.useOf(parent, at - 1);
      case 'assignment_expression':
        return this.assignedUse(parent, at, node);
      case 'init_declarator': {
        if (node.field !== 'value') return { kind: 'other' };
        const name = declaredName(child(parent, 'declarator'));
        return name ? { kind: 'assigned', to: this.textOf(name), next: null } : { kind: 'other' };
      }
      case 'argument_list': {
        const callee = this.textOf(child(this.parents[at - 1], 'function'));
        if (TRANSPARENT.has(callee)) return this.useOf(this.parents[at - 1] as SyntaxNode, at - 2);
        return { kind: TESTS.test(callee) ? 'tested' : 'other' };
      }
      default:
        return { kind: 'other' };
    }
  }

  private assignedUse(parent: SyntaxNode, at: number, node: SyntaxNode): Use {
    if (node.field !== 'right' || !parent.children.some(({ type }) => type === '=')) return { kind: 'other' };
    const outer = this.useOf(parent, at - 1);
    const next = outer.kind === 'tested' || outer.kind === 'returned' ? outer.kind : null;
    return { kind: 'assigned', to: this.textOf(child(parent, 'left')), next };
  }

  private endsStatementExpression(statement: SyntaxNode, at: number): boolean {
    const block = this.parents[at - 1];
    if (block?.type !== 'compound_statement' || this.parents[at - 2]?.type !== 'parenthesized_expression') return false;
    return block.children.filter(({ named }) => named).at(-1) === statement;
  }

  private mention(node: SyntaxNode): void {
    const parent = this.parents.at(-1);
    if (!parent || (parent.type === 'call_expression' && node.field === 'function')) return;
    const name = this.textOf(node);
    const mention = { start: node.start, end: node.end, role: this.roleOf(node, parent) };
    const known = this.mentions.get(name);
    if (known) known.push(mention);
    else this.mentions.set(name, [mention]);
  }

  private roleOf(node: SyntaxNode, parent: SyntaxNode): Mention['role'] {
    if (parent.type === 'assignment_expression' && node.field === 'left') return 'assigned';
    const arrow = parent.type === 'field_expression' && parent.children.some(({ type }) => type === '->');
    const star = parent.type === 'pointer_expression' && parent.children[0]?.type === '*';
    const index = parent.type === 'subscript_expression' && node.field === 'argument';
    if (arrow || star || index) return this.onlyAddressed() ? 'other' : 'dereferenced';
    const use = this.useOf(node, this.parents.length - 1);
    return use.kind === 'tested' || use.kind === 'returned' ? use.kind : 'other';
  }

  /** `sizeof(*p)` and `&p->field` read nothing. */
  private onlyAddressed(): boolean {
    for (let i = this.parents.length - 1; i >= 0; i--) {
      const { type, children } = this.parents[i] as SyntaxNode;
      if (type === 'sizeof_expression') return true;
      if (type === 'pointer_expression' && children[0]?.type === '&') return true;
      if (!/^(?:field_expression|subscript_expression|parenthesized_expression|pointer_expression)$/.test(type))
        return false;
    }
    return false;
  }

  private result(call: PendingCall): ResultFact {
    const { use } = call;
    if (use.kind !== 'assigned') return use;
    const { to } = use;
    const end = call.span.end - this.offset;
    const mentions = this.mentions.get(to) ?? [];
    const isLater = (role: Mention['role']) =>
      (mentions.findLast((mention) => mention.role === role)?.start ?? -1) >= end;
    return {
      kind: 'assigned',
      to,
      tested: use.next === 'tested' || isLater('tested'),
      returned: use.next === 'returned' || isLater('returned'),
      dereferencedFirst: use.next === 'tested' ? null : this.dereferencedFirst(mentions, end),
    };
  }

  /** The first `x->y`, `*x` or `x[…]` behind an offset, when neither a test nor another value comes before it. */
  private dereferencedFirst(mentions: readonly Mention[], after: number): Span | null {
    let at = mentions.length;
    while (at > 0 && (mentions[at - 1] as Mention).start >= after) at--;
    for (; at < mentions.length; at++) {
      const { role, start, end } = mentions[at] as Mention;
      if (role === 'tested' || role === 'assigned') return null;
      if (role === 'dereferenced') return { start: start + this.offset, end: end + this.offset };
    }
    return null;
  }

  private declaration(node: SyntaxNode): void {
    const isStatic = node.children.some(
      (part) => part.type === 'storage_class_specifier' && this.textOf(part) === 'static',
    );
    for (const part of node.children) {
      if (part.field !== 'declarator') continue;
      const name = declaredName(part);
      if (!name) continue;
      if (isStatic && part.type !== 'function_declarator') {
        this.staticLocals.push({ name: this.textOf(name), span: this.span(name) });
      }
      const value = child(part, 'value');
      if (part.type === 'init_declarator' && value) this.alias(this.textOf(name), value);
    }
  }

  private assignment(node: SyntaxNode): void {
    const left = child(node, 'left');
    const right = child(node, 'right');
    if (!left || !right) return;
    if (left.type === 'identifier') this.alias(this.textOf(left), right);
    else this.write(left, right);
  }

  private alias(to: string, value: SyntaxNode): void {
    const of = /^&?\s*\(?\s*([A-Za-z_]\w*)\s*\)?\s*(?:\[[^\]]*\]\s*)?$/.exec(this.textOf(value))?.[1];
    if (of && of !== to) this.aliases.push({ to, of });
  }

  private write(left: SyntaxNode | undefined, value: SyntaxNode): void {
    if (
      !left ||
      !/^(?:field_expression|subscript_expression|pointer_expression|parenthesized_expression)$/.test(left.type)
    ) {
      return;
    }
    const target = this.textOf(left).replace(/\s+/g, ' ');
    const variable = /[A-Za-z_]\w*/.exec(target)?.[0];
    if (!variable) return;
    const field = /(?:\.|->)\s*([A-Za-z_]\w*)\s*(?:\[[^\]]*\])?\s*$/.exec(target)?.[1] ?? '';
    const span = this.span(left);
    this.writes.push({
      target,
      variable,
      field,
      value: this.span(value),
      start: span.start,
      end: Math.max(span.end, this.offset + value.end),
    });
  }
}

function child(node: SyntaxNode | undefined, field: string): SyntaxNode | undefined {
  return node?.children.find((part) => part.field === field);
}

function declaredName(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let at = node;
  while (at && at.type !== 'identifier') {
    at =
      child(at, 'declarator') ?? at.children.find(({ type }) => type.endsWith('declarator') || type === 'identifier');
  }
  return at;
}
