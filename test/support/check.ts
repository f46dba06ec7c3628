import { expect } from 'vitest';
import { checkModule } from '../../server/src/analysis/check.ts';
import { readModule } from '../../server/src/analysis/read-module.ts';
import type { Finding, Rule, Severity, TargetKernel } from '../../server/src/analysis/rule.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import type { KernelKnowledge } from '../../server/src/kernel/knowledge.ts';
import { parseKernelVersion } from '../../server/src/kernel/version.ts';
import type { LivepatchModule } from '../../shared/src/model/index.ts';
import { lineOf, parseFixture } from './fixture.ts';
import { parser } from './parser.ts';

export interface CheckOptions {
  /** The kernel that the module is for: `6.12` unless told. */
  readonly kernel?: string;
  /** What is known of that kernel: nothing unless told. */
  readonly knowledge?: KernelKnowledge | null;
  /** What that kernel's source says: nothing unless told. */
  readonly source?: TargetKernel['source'];
  /** The module's name: the first file's base name unless told. */
  readonly name?: string;
  readonly severities?: { readonly [rule: string]: 'off' | Severity };
  /** The rules that run: all unless told. */
  readonly rules?: readonly Rule[];
  /** Only findings of these rules are compared. */
  readonly only?: readonly string[];
}

type Source = string | Readonly<Record<string, string>>;

/**
 * Asserts that the rules find in a source text exactly what its `//~` marks say (see parseFixture), on the lines on
 * which the marks stand. A text without marks must have no findings. Returns the findings.
 */
export function check(source: Source, options: CheckOptions = {}): Finding[] {
  const { files, expectations } = parseFixture(source);
  const all = findingsIn(readFiles(files, options), options);
  const findings = options.only ? all.filter(({ rule }) => options.only?.includes(rule)) : all;
  const place = (file: string, line: number, rule: string) => `${file}:${line + 1} ${rule}`;
  expect(
    findings
      .map(({ rule, range }) => place(range.file, lineOf(files.get(range.file) ?? '', range.start), rule))
      .toSorted(),
  ).toEqual(expectations.map(({ file, line, rule }) => place(file, line, rule)).toSorted());
  for (const { file, line, rule, message } of expectations) {
    if (message === null) continue;
    const there = findings.filter(
      (found) =>
        found.rule === rule && found.range.file === file && lineOf(files.get(file) ?? '', found.range.start) === line,
    );
    expect(there.map((found) => found.message).join('\n'), `message of ${place(file, line, rule)}`).toContain(message);
  }
  return findings;
}

/** The module that stands in a fixture's text, marks taken out. */
export function read(source: Source, options: CheckOptions = {}): LivepatchModule {
  return readFiles(parseFixture(source).files, options);
}

/** Runs the rules; a rule that throws fails the test. */
export function findingsIn(module: LivepatchModule, options: CheckOptions = {}): Finding[] {
  const version = parseKernelVersion(options.kernel ?? '6.12');
  if (!version) throw new Error(`${options.kernel} is no kernel version`);
  return checkModule(module, {
    kernel: { version, knowledge: options.knowledge ?? null, source: options.source },
    severities: options.severities ?? {},
    ...(options.rules ? { rules: options.rules } : {}),
    onError(rule, error) {
      throw new Error(`rule ${rule} threw`, { cause: error });
    },
  });
}

function readFiles(files: ReadonlyMap<string, string>, options: CheckOptions): LivepatchModule {
  const units = [...files].map(([file, text]) => new SourceUnit(parser, file, text));
  const name = options.name ?? ([...files.keys()][0] ?? 'module.c').replace(/^.*\//, '').replace(/\.c$/, '');
  try {
    return readModule(units, { name: name.replaceAll('-', '_'), missing: [] });
  } finally {
    for (const unit of units) unit.dispose();
  }
}
