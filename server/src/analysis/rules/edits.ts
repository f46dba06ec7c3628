import type { KlpInitialiser, KlpTable, LivepatchModule, SourceRange } from '../../../../shared/src/model/index.ts';
import type { TextEdit } from '../rule.ts';

/** The text of a file of the module. */
export function textOf(module: LivepatchModule, file: string): string {
  return module.files.find((candidate) => candidate.file === file)?.text ?? '';
}

/** Puts `newText` in at an offset. */
export function insertAt(file: string, offset: number, newText: string): TextEdit {
  return { range: { file, start: offset, end: offset }, newText };
}

/** Puts `newText` in place of what stands there. */
export function replaceText(range: SourceRange, newText: string): TextEdit {
  return { range, newText };
}

/**
 * Adds a line such as `MODULE_LICENSE("GPL");` below the last MODULE_… line of the file, at the file's end when
 * there is none.
 */
export function addModuleLine(module: LivepatchModule, file: string, line: string): TextEdit {
  const text = textOf(module, file);
  const last = module.moduleInfos
    .filter(({ range, conditions }) => range.file === file && conditions.length === 0)
    .reduce((end, { range }) => Math.max(end, range.end), -1);
  if (last >= 0) return insertAt(file, last, `\n${line}`);
  return addTopLevel(text, file, line);
}

/** Adds C at the end of the file. */
export function addTopLevel(text: string, file: string, code: string): TextEdit {
  return insertAt(file, text.length, text === '' || text.endsWith('\n') ? `${code}\n` : `\n${code}\n`);
}

/** Adds `.field = value` in front of an initialiser's first field, laid out as that one is. */
export function addField(module: LivepatchModule, into: KlpInitialiser, field: string): TextEdit {
  const { file, start, end } = into.range;
  const text = textOf(module, file);
  const first = into.fields[0];
  if (!first) return { range: into.range, newText: `{ ${field} }` };
  const open = start + 1;
  const gap = /^\s*/.exec(text.slice(open, end))?.[0] ?? '';
  const separator = gap.includes('\n') ? `\n${gap.slice(gap.lastIndexOf('\n') + 1)}` : ' ';
  return insertAt(file, open, `${separator}${field},`);
}

/** Takes a field with its comma out of an initialiser, and its line when it stands there alone. */
export function removeField(module: LivepatchModule, nameRange: SourceRange, valueRange: SourceRange): TextEdit {
  const { file } = nameRange;
  const text = textOf(module, file);
  let start = nameRange.start;
  if (text[start - 1] === '.') start--;
  let end = valueRange.end;
  const comma = skipBlanks(text, end);
  if (text[comma] === ',') end = comma + 1;
  return { range: { file, ...wholeLine(text, start, end) }, newText: '' };
}

/** Takes a piece of source out, and its lines when nothing else stands on them. */
export function removeText(module: LivepatchModule, range: SourceRange): TextEdit {
  const text = textOf(module, range.file);
  return { range: { file: range.file, ...wholeLine(text, range.start, range.end) }, newText: '' };
}

/** Takes a table's entry with its comma out. */
export function removeEntry(module: LivepatchModule, entry: SourceRange): TextEdit {
  const text = textOf(module, entry.file);
  const comma = skipBlanks(text, entry.end);
  const end = text[comma] === ',' ? comma + 1 : entry.end;
  return { range: { file: entry.file, ...wholeLine(text, entry.start, end) }, newText: '' };
}

/**
 * Adds the all-zero entry `{ }` in front of a table's closing brace, on a line of its own when the brace has one,
 * and the comma that the last entry then needs.
 */
export function addTerminator<T extends KlpInitialiser>(module: LivepatchModule, table: KlpTable<T>): TextEdit[] {
  const { file } = table.range;
  const text = textOf(module, file);
  const brace = table.range.end - 1;
  const last = table.entries.at(-1);
  const edits: TextEdit[] = [];
  const lineStart = text.lastIndexOf('\n', brace - 1) + 1;
  const braceIndent = text.slice(lineStart, brace);
  const alone = lineStart > table.range.start && braceIndent.trim() === '';
  if (last) {
    const after = skipBlanks(text, last.range.end);
    // Between the last entry and the brace `#endif` may stand: look only at what follows the entry itself.
    if (text[after] !== ',') edits.push(insertAt(file, last.range.end, ','));
  }
  if (alone) edits.push(insertAt(file, lineStart, `${braceIndent}\t{ }\n`));
  else edits.push(insertAt(file, brace, text[brace - 1] === ' ' ? '{ } ' : ' { } '));
  return edits;
}

/** The offset of the first character at or after `offset` that is neither blank nor part of a comment. */
export function skipBlanks(text: string, offset: number): number {
  const pattern = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  pattern.lastIndex = offset;
  pattern.exec(text);
  return pattern.lastIndex;
}

/** Widens a range to whole lines, with the last line break, when only blanks stand beside it on them. */
function wholeLine(text: string, start: number, end: number): { start: number; end: number } {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const lineEnd = newline < 0 ? text.length : newline + 1;
  const alone = text.slice(lineStart, start).trim() === '' && text.slice(end, lineEnd).trim() === '';
  return alone ? { start: lineStart, end: lineEnd } : { start, end };
}
