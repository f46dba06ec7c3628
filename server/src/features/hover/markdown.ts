/** Text from the source or the simulator that Markdown must show as it is. */
export function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>|~&#]/g, '\\$&');
}

/** A name in code style; backticks in it can't be kept. */
export function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}

/** A block of plain lines that keeps its form, whatever the lines hold. */
export function block(lines: readonly string[]): string {
  return `\`\`\`text\n${lines.map((line) => line.replaceAll('```', "'''")).join('\n')}\n\`\`\``;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** A list of points, cut where it gets longer than people read. */
export function bullets(lines: readonly string[], most: number): string {
  const shown = lines.slice(0, most).map((line) => `- ${line}`);
  if (lines.length > most) shown.push(`- and ${lines.length - most} more`);
  return shown.join('\n');
}

/** `1 task`, `3 tasks`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** For clients that can't show Markdown: the same words without its marks, pictures and links. */
export function withoutMarkdown(markdown: string): string {
  return markdown
    .replace(/^!\[[^\]]*\]\([^)]*\)\n*/gm, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^```\w*$\n?/gm, '')
    .replace(/\*\*|`/g, '')
    .replace(/(^|\s)_([^_]+)_(?=\s|$)/gm, '$1$2')
    .replace(/\\([\\`*_[\]<>|~&#])/g, '$1')
    .trim();
}
