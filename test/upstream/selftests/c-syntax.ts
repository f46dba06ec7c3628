import { maskKernelMacros } from '../../../server/src/analysis/mask.ts';
import type { SyntaxNode } from '../../../server/src/analysis/parser.ts';
import { parser } from '../../support/parser.ts';

/** A text, with what tree-sitter makes of it. */
export class Source {
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

export function childOf(node: SyntaxNode, field: string): SyntaxNode {
  const child = node.children.find((candidate) => candidate.field === field);
  if (!child) throw new Error(`${node.type} has no ${field}`);
  return child;
}

/** All nodes of a type in a declarator, from the outside; values and sizes are not part of it. */
export function nodesOf(node: SyntaxNode, type: string): SyntaxNode[] {
  if (node.type === type) return [node];
  return node.children
    .filter(
      ({ field, type: kind }) =>
        field !== 'value' && (field !== null || kind === type || kind === 'subscript_designator'),
    )
    .flatMap((child) => nodesOf(child, type));
}

export function firstOf(node: SyntaxNode, type: string): SyntaxNode {
  const found = node.type === type ? node : node.children.map((child) => firstOrNull(child, type)).find(Boolean);
  if (!found) throw new Error(`no ${type}`);
  return found;
}

export function firstOrNull(node: SyntaxNode, type: string): SyntaxNode | null {
  if (node.type === type) return node;
  for (const child of node.children) {
    const found = firstOrNull(child, type);
    if (found) return found;
  }
  return null;
}

/** The name that a declaration, a declarator or a parameter declares. */
export function nameOf(node: SyntaxNode, source: Source): string | null {
  let inner: SyntaxNode | undefined = node;
  while (inner && inner.type !== 'identifier') {
    inner = inner.children.find(({ field }) => field === 'declarator');
  }
  return inner ? source.text(inner) : null;
}

export function isFunction(declarator: SyntaxNode): boolean {
  return (
    declarator.type === 'function_declarator' ||
    declarator.children.some((child) => child.field === 'declarator' && isFunction(child))
  );
}

export function commaSeparated(node: SyntaxNode): SyntaxNode[] {
  if (node.type !== 'comma_expression' && node.type !== 'parenthesized_expression') return [node];
  return node.children.flatMap(commaSeparated);
}

export function contentOf(literal: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
  return literal.slice(1, -1).replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
