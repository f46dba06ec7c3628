import { escapeXml } from '../../../shared/src/picture/svg-text.ts';

/** One run of one scenario. */
export interface ScenarioCase {
  readonly title: string;
  /** `6.12`; null for a scenario that could not be read. */
  readonly kernel: string | null;
  /** Simulated microseconds. */
  readonly time: number;
  readonly failures: readonly { readonly place: string; readonly message: string }[];
  /** Kernel log. */
  readonly log: string;
  /** Why it could not be played; null when it was. */
  readonly error: string | null;
}

export interface ScenarioSuite {
  readonly file: string;
  readonly cases: readonly ScenarioCase[];
}

/** A report as CI systems read it: one test suite for each scenario file, one test case for each kernel. */
export function junitReport(suites: readonly ScenarioSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  const body = suites.map(
    ({ file, cases }) =>
      `  <testsuite name="${xml(file)}" ${counts(cases)}>\n${cases.map((each) => testCase(file, each)).join('')}  </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(all)}>\n${body.join('')}</testsuites>\n`;
}

function counts(cases: readonly ScenarioCase[]): string {
  const failures = cases.filter((each) => each.failures.length > 0).length;
  const errors = cases.filter(({ error }) => error !== null).length;
  return `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds(cases.reduce((sum, { time }) => sum + time, 0))}"`;
}

function testCase(file: string, { title, kernel, time, failures, log, error }: ScenarioCase): string {
  const name = kernel === null ? title : `${title} (Linux ${kernel})`;
  const body = [
    ...(error === null ? [] : [`      <error message="${xml(error)}"/>\n`]),
    ...(failures.length === 0
      ? []
      : [
          `      <failure message="${xml(failures[0]?.message ?? '')}">${xml(failures.map(({ place, message }) => `${place}: ${message}`).join('\n'))}</failure>\n`,
        ]),
    ...(log === '' ? [] : [`      <system-out>${xml(log)}</system-out>\n`]),
  ].join('');
  const start = `    <testcase classname="${xml(file)}" name="${xml(name)}" file="${xml(file)}" time="${seconds(time)}"`;
  return body === '' ? `${start}/>\n` : `${start}>\n${body}    </testcase>\n`;
}

const seconds = (micros: number): string => (micros / 1e6).toFixed(3);

/** Also without what XML 1.0 has no way to write: control characters, and halves of surrogate pairs. */
function xml(text: string): string {
  return escapeXml(text.replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')).replace(/\n/g, '&#10;');
}
