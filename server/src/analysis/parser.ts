import { Language, Parser, type Tree, type TreeCursor } from 'web-tree-sitter';

/**
 * A syntax node as a plain object: tree-sitter's tree lives in WebAssembly memory, where each look costs a call over
 * the boundary and everything must be freed by hand. Here it is copied out in one walk and freed at once.
 */
export interface SyntaxNode {
  /** tree-sitter-c's node type: `call_expression`, `if`, `(`, `ERROR`. */
  readonly type: string;
  readonly named: boolean;
  /** The name under which the parent holds it: `condition`, `left`, `function`. */
  readonly field: string | null;
  /** UTF-16 offsets in the text that was parsed. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly SyntaxNode[];
}

/** Nodes whose children nobody asks for, if they have any. Each look into WebAssembly costs as much as parsing a token. */
const LEAVES = new Set(
  (
    'identifier field_identifier type_identifier statement_identifier primitive_type number_literal string_literal ' +
    'char_literal comment null true false storage_class_specifier type_qualifier'
  ).split(' '),
);

/** Deeper than any program; keeps the recursion over broken text off the end of the stack. */
const MAX_DEPTH = 1_000;

/**
 * How much work a text may be, in tree-sitter's own steps (its progress callback): for any text, and for each character.
 * Functions of the kernel take up to 0.02 a character. Text that is no C can take a hundred times the time of C, because
 * the parser follows many readings of it at once; a second for 10 KB was seen. Counted, not timed, so that the same text
 * always reads the same.
 */
const STEPS = 100;
const STEPS_PER_CHARACTER = 0.03;

/** A C parser. Stateless for its users: every call parses a text of its own and frees the tree. */
export class CParser {
  private readonly parser: Parser;
  private readonly fields: readonly (string | null)[];
  private readonly types: readonly string[];
  private readonly named: readonly boolean[];
  private readonly leaf: readonly boolean[];

  constructor(parser: Parser, language: Language) {
    this.parser = parser;
    this.fields = language.fields;
    this.types = language.types;
    this.named = language.types.map((_, id) => language.nodeTypeIsNamed(id));
    this.leaf = language.types.map((type, id) => LEAVES.has(type) || !this.named[id]);
  }

  /** The syntax of a text, whatever it is: text that is no C has ERROR nodes, and is one when reading it is too much work. */
  parse(text: string): SyntaxNode {
    let tree: Tree | null = null;
    let cursor: TreeCursor | null = null;
    let steps = STEPS + text.length * STEPS_PER_CHARACTER;
    try {
      tree = this.parser.parse(text, null, { progressCallback: () => --steps < 0 });
      if (!tree) {
        // It would go on with this text at the next call.
        this.parser.reset();
        return unreadable(text);
      }
      cursor = tree.walk();
      return this.copy(cursor, 0);
    } finally {
      cursor?.delete();
      tree?.delete();
    }
  }

  /** Frees the parser's WebAssembly memory. */
  dispose(): void {
    this.parser.delete();
  }

  private copy(cursor: TreeCursor, depth: number): SyntaxNode {
    const type = cursor.nodeTypeId;
    const field = cursor.currentFieldId;
    const children: SyntaxNode[] = [];
    const node: SyntaxNode = {
      // The id of ERROR lies outside the table of types.
      type: this.types[type] ?? 'ERROR',
      named: this.named[type] ?? true,
      field: field === 0 ? null : (this.fields[field] ?? null),
      start: cursor.startIndex,
      end: cursor.endIndex,
      children,
    };
    if (!this.leaf[type] && depth < MAX_DEPTH && cursor.gotoFirstChild()) {
      do children.push(this.copy(cursor, depth + 1));
      while (cursor.gotoNextSibling());
      cursor.gotoParent();
    }
    return node;
  }
}

function unreadable({ length }: string): SyntaxNode {
  const all = { named: true, field: null, start: 0, end: length };
  return { ...all, type: 'translation_unit', children: [{ ...all, type: 'ERROR', children: [] }] };
}

/**
 * Loads the two WebAssembly files: `runtime` is web-tree-sitter.wasm, `language` tree-sitter-c.wasm. Rejects when the
 * host has no memory for them or they don't fit together.
 */
export async function createParser(wasm: { runtime: Uint8Array; language: Uint8Array }): Promise<CParser> {
  await Parser.init({ wasmBinary: wasm.runtime as unknown as ArrayBuffer });
  const language = await Language.load(wasm.language);
  const parser = new Parser();
  parser.setLanguage(language);
  return new CParser(parser, language);
}
