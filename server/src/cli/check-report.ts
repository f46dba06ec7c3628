import type { Finding, Severity } from '../analysis/rule.ts';
import { rulePage } from '../analysis/rule-pages.ts';
import { LineIndex } from './line-index.ts';
import { type Style, terminalStyle, textWidth, wrap } from './style.ts';

/** The findings of one file, in source order. */
export interface ReportedFile {
  /** As the user knows it. */
  readonly name: string;
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** An array of plain objects; lines and characters from 0, characters in UTF-16 as in LSP. */
export function findingsAsJson(files: readonly ReportedFile[]): string {
  const entries = files.flatMap(({ name, text, findings }) => {
    const lines = new LineIndex(text);
    return findings.map(({ range, rule, severity, message, kernel }) => ({
      file: name,
      range: { start: lines.positionAt(range.start), end: lines.positionAt(range.end) },
      rule,
      severity,
      message,
      kernel,
    }));
  });
  return JSON.stringify(entries, null, 2);
}

export interface CheckSummary {
  /** Findings that --fix settled. */
  readonly fixed: number;
  /** How many files were read. */
  readonly files: number;
  /** Names of those that have nothing to do with livepatch. */
  readonly skipped: readonly string[];
}

/** For people: each finding with its source line, what the kernel does, and the rule's page; then a summary. */
export function prettyFindings(files: readonly ReportedFile[], summary: CheckSummary): string {
  const style = terminalStyle(process.stdout, process.env);
  const width = textWidth(process.stdout);
  const blocks = files.flatMap(({ name, text, findings }) => {
    const lines = new LineIndex(text);
    return findings.map((finding) => prettyFinding(name, lines, finding, style, width));
  });
  return `${[...blocks, summaryText(files, summary, style)].join('\n\n')}\n`;
}

function prettyFinding(name: string, lines: LineIndex, finding: Finding, style: Style, width: number): string {
  const { line, character } = lines.positionAt(finding.range.start);
  const end = lines.positionAt(finding.range.end);
  const head = `${name}:${line + 1}:${character + 1}`;
  const source = lines.lineText(line);
  const number = String(line + 1).padStart(5);
  // Tabs stay tabs, so that the caret stands under its text however wide they are shown.
  const before = source.slice(0, character).replace(/[^\t]/g, ' ');
  const length = Math.max(1, (end.line === line ? end.character : source.length) - character);
  const page = rulePage(finding.rule);
  return [
    `${style.bold(head)}: ${levelText(finding.severity, style)}: ${finding.message} ${style.faint(`[${finding.rule}]`)}`,
    `${style.faint(`${number} |`)} ${source}`,
    `${style.faint('      |')} ${before}${style.red('^'.repeat(length))}`,
    ...wrap(`kernel: ${finding.kernel}`, width - 8).map((text) => `        ${text}`),
    ...(page === null ? [] : [`        ${style.faint(page)}`]),
  ].join('\n');
}

function levelText(severity: Severity, style: Style): string {
  switch (severity) {
    case 'error':
      return style.red('error');
    case 'warning':
      return style.yellow('warning');
    case 'information':
      return style.blue('information');
    case 'hint':
      return style.faint('hint');
  }
}

function summaryText(
  files: readonly ReportedFile[],
  { fixed, files: asked, skipped }: CheckSummary,
  style: Style,
): string {
  const all = files.flatMap(({ findings }) => findings);
  const counts = (['error', 'warning', 'information', 'hint'] as const).flatMap((severity) => {
    const number = all.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [count(number, severity, severity === 'information' ? severity : `${severity}s`)];
  });
  const fixable = all.filter(({ fixes }) => fixes?.some(({ safety }) => safety === 'safe')).length;
  const checked = asked - skipped.length;
  const lines = [];
  if (fixed > 0) lines.push(style.green(`${count(fixed, 'finding')} fixed.`));
  if (checked > 0) {
    const found = counts.length === 0 ? style.green('Nothing to report') : counts.join(', ');
    lines.push(`${found} in ${count(checked, 'file')}.${fixable > 0 ? ` ${fixable} can be fixed with --fix.` : ''}`);
  }
  if (skipped.length > 0) {
    const names = skipped.length > 5 ? `${skipped.slice(0, 5).join(', ')}, …` : skipped.join(', ');
    lines.push(`${count(skipped.length, 'file')} not checked, since livepatch is not used there: ${names}`);
  }
  if (asked === 0) lines.push('No C file that uses livepatch was found.');
  return lines.join('\n');
}

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}
