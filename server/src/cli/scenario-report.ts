import { type ComparedBlock, differs } from '../../../shared/src/scenario/compare.ts';
import { errnoName } from '../../../shared/src/scenario/errno-names.ts';
import type { Judgement } from '../../../shared/src/scenario/judge.ts';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { stepText } from '../../../shared/src/scenario/scenario.ts';
import { type LoadedScenario, placeIn } from './scenario-files.ts';
import type { Style } from './style.ts';

/** Each step with its time and result, then what did not come as the scenario says. */
export function scenarioReport(
  loaded: LoadedScenario,
  record: ScenarioRecord,
  { failures, notes }: Judgement,
  style: Style,
): string {
  const { scenario } = loaded;
  const who = record.by === 'simulator' ? 'simulated' : record.by;
  const lines = [style.bold(`${scenario.title} (Linux ${record.kernel}, ${who})`)];
  scenario.steps.forEach((step, index) => {
    const done = record.steps[index];
    const failed = failures.some((failure) => failure.step === index);
    const time = done ? `${(done.at / 1e6).toFixed(1)} s`.padStart(8) : '        ';
    const result = done ? resultText(step.do === 'expect', done.errno, failed) : 'not reached';
    const mark = failed ? style.red('FAILED') : done ? style.green('ok') : style.faint('-');
    lines.push(
      `${String(index + 1).padStart(4)} ${style.faint(time)}  ${stepText(step)}${style.faint(result)}  ${mark}`,
    );
    for (const line of done?.log ?? []) lines.push(style.faint(`                 ${line}`));
  });
  return `${[...lines, ...failureLines(loaded, failures, style), ...notes.map((note) => `note: ${note}`)].join('\n')}\n`;
}

function resultText(isExpectation: boolean, errno: number, failed: boolean): string {
  return isExpectation || (errno === 0 && !failed) ? '' : ` → ${errnoName(errno)}`;
}

/** `file:line:column: error: message`, as editors and terminals link it. */
export function failureLines(loaded: LoadedScenario, failures: Judgement['failures'], style: Style): string[] {
  return failures.map(
    ({ source, message }) =>
      `${style.bold(placeIn(loaded.file, loaded.lines, source.start))}: ${style.red('error')}: ${message}`,
  );
}

/** The log of a record, a line each. */
export function recordLog(record: ScenarioRecord): string {
  return record.steps.flatMap(({ log }) => log.map((line) => `${line}\n`)).join('');
}

/** Simulator and kernel side by side; lines that differ have a mark between them. */
export function sideBySide(
  blocks: readonly ComparedBlock[],
  kernel: ScenarioRecord,
  style: Style,
  width: number,
): string {
  const column = Math.floor((width - 3) / 2);
  const lines = [style.bold(`${'simulator'.padEnd(column)}   Linux ${kernel.by}`)];
  for (const { rows } of blocks) {
    for (const row of rows) {
      const left = cells(row.simulator, column);
      const right = cells(row.kernel, column);
      const mark = differs(row) ? style.red('≠') : ' ';
      for (let i = 0; i < Math.max(left.length, right.length); i++) {
        const text = `${(left[i] ?? '').padEnd(column)} ${i === 0 ? mark : ' '} ${right[i] ?? ''}`.trimEnd();
        lines.push(row.kind === 'result' ? style.bold(text) : text);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A text in lines of a column's width. */
function cells(text: string | null, width: number): string[] {
  if (text === null) return ['-'];
  const lines: string[] = [];
  for (let from = 0; from < text.length; from += width) lines.push(text.slice(from, from + width));
  return lines.length === 0 ? [''] : lines;
}
