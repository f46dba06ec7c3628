/** A finding that a fixture's text asks for. */
export interface Expectation {
  readonly file: string;
  /** Counted from 0. */
  readonly line: number;
  readonly rule: string;
  /** A part of the message, when the fixture names one. */
  readonly message: string | null;
}

export interface Fixture {
  readonly files: ReadonlyMap<string, string>;
  readonly expectations: readonly Expectation[];
}

/**
 * Reads source text with the expected findings written in it:
 *
 * - `//~ rule-id` at the end of a line: this rule reports something that starts on this line. `//~ rule-id "text"`: and
 *   its message contains the text. Several may follow each other: `//~ rule-a rule-b "text"`.
 * - `//- foo.c` on a line of its own starts a file. Without one, the text is `module.c`.
 *
 * The marks are taken out of the text that the rules get.
 */
export function parseFixture(source: string | Readonly<Record<string, string>>): Fixture {
  const files = new Map<string, string>();
  const expectations: Expectation[] = [];
  for (const [file, text] of typeof source === 'string' ? splitFiles(source) : Object.entries(source)) {
    const lines = text.split('\n').map((line, index) => {
      const mark = /[ \t]*\/\/~(.*)$/.exec(line);
      if (!mark) return line;
      expectations.push(...parseMark(mark[1] ?? '', file, index));
      return line.slice(0, mark.index);
    });
    files.set(file, lines.join('\n'));
  }
  return { files, expectations };
}

function splitFiles(source: string): [string, string][] {
  const parts = source.split(/^\/\/- (\S+)[ \t]*\n/m);
  if (parts.length === 1) return [['module.c', source]];
  if (parts[0]?.trim() !== '') throw new Error('text in front of the first "//- file" line');
  const files: [string, string][] = [];
  for (let i = 1; i < parts.length; i += 2) files.push([parts[i] ?? '', parts[i + 1] ?? '']);
  return files;
}

function parseMark(mark: string, file: string, line: number): Expectation[] {
  const expectations: Expectation[] = [];
  let rest = mark.trim();
  while (rest !== '') {
    const part = /^([a-z0-9-]+)(?:\s+"([^"]*)")?\s*/.exec(rest);
    if (!part) throw new Error(`${file}:${line + 1}: this is no expectation: //~${mark}`);
    expectations.push({ file, line, rule: part[1] ?? '', message: part[2] ?? null });
    rest = rest.slice(part[0].length);
  }
  if (expectations.length === 0) throw new Error(`${file}:${line + 1}: "//~" names no rule`);
  return expectations;
}

/** The line, counted from 0, on which an offset stands. */
export function lineOf(text: string, offset: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
