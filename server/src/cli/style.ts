/** Colours for a terminal, or none: `NO_COLOR` (https://no-color.org) and pipes get plain text. */
export interface Style {
  bold(text: string): string;
  faint(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  green(text: string): string;
}

export function terminalStyle(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Style {
  const coloured = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const style =
    (on: number, off: number) =>
    (text: string): string =>
      coloured ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: style(1, 22),
    faint: style(2, 22),
    red: style(31, 39),
    yellow: style(33, 39),
    blue: style(34, 39),
    green: style(32, 39),
  };
}

/** Text in lines of at most `width` characters, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** A point of a list, wrapped to `width` columns. */
export function bullet(text: string, width: number): string {
  return wrap(text, width - 4)
    .map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`))
    .join('\n');
}

/** Columns to write in: of the terminal, at most 120 for reading, 100 in a pipe. */
export function textWidth(stream: NodeJS.WriteStream): number {
  return Math.max(40, Math.min(120, stream.columns || 100));
}
