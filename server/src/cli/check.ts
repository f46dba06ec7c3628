import { stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import type { CheckOptions } from '../analysis/check.ts';
import { diffRuleById } from '../analysis/diff-rules/index.ts';
import { applyEdits, fixAllEdits } from '../analysis/fixes.ts';
import type { Finding, Severity } from '../analysis/rule.ts';
import { ruleById } from '../analysis/rules/index.ts';
import { DiskFiles } from '../workspace/file-source.ts';
import { loadParser } from '../workspace/load-parser.ts';
import { ModuleChecks } from '../workspace/module-checks.ts';
import { ModuleStore } from '../workspace/module-store.ts';
import { scanFolder } from '../workspace/scan.ts';
import { SourceTree } from '../workspace/source-tree.ts';
import { patchedFunctions, patchedModules } from '../workspace/target-kernel.ts';
import { checkDiffs, isDiffName } from './check-diffs.ts';
import { findingsAsJson, prettyFindings, type ReportedFile } from './check-report.ts';
import { KERNEL_OPTIONS, targetKernel } from './kernel-files.ts';
import { oneOf, readArguments } from './options.ts';
import { UsageError } from './usage.ts';

const LEVELS = ['off', 'error', 'warning', 'information', 'hint'] as const;
/** A fix may uncover the next finding; more rounds than this would be a fix that undoes another. */
const MAX_FIX_ROUNDS = 10;

/** `livepatch-ls check`. Prints to stdout, complaints to stderr. Returns the exit status. */
export async function check(args: readonly string[], wasmFolder: string): Promise<number> {
  const { values, positionals } = readArguments(args, {
    format: { type: 'string', default: 'pretty' },
    rule: { type: 'string', multiple: true, default: [] },
    fix: { type: 'boolean', default: false },
    ...KERNEL_OPTIONS,
  });
  const format = oneOf('--format', values.format, ['pretty', 'json']);
  if (positionals.length === 0) throw new UsageError('check needs a FILE or a DIR.');
  const target = await targetKernel(values, wasmFolder);
  const severities = severitiesFrom(values.rule);
  const options = {
    kernel: target.kernel(),
    severities,
    onError: (rule: string, error: unknown) => complain(`rule ${rule} failed: ${messageOf(error)}`),
  };

  const asked = await askedFiles(positionals);
  if (asked.files.size === 0 && asked.failed) return 2;
  const [sources, diffs] = withoutDiffs(asked.files);
  const run = new CheckRun(sources, wasmFolder, options);
  try {
    await run.open();
    const learned = await target.want(await run.patched(patchedModules));
    const source = await sourceFacts(values['kernel-source'], run, wasmFolder);
    if (learned || source) run.setOptions({ ...options, kernel: { ...target.kernel(), source } });
    const fixed = values.fix ? await run.fix() : 0;
    const ofDiffs = await checkDiffs(diffs, severities, complain);
    const reported = [...(await run.findings()), ...ofDiffs.reported];
    const files = run.read + ofDiffs.read;
    if (format === 'json') process.stdout.write(`${findingsAsJson(reported)}\n`);
    else process.stdout.write(prettyFindings(reported, { fixed, files, skipped: run.skipped }));
    if (asked.failed || run.failed || ofDiffs.read < diffs.size) return 2;
    return reported.some(({ findings }) => findings.some(({ severity }) => severity === 'error')) ? 1 : 0;
  } finally {
    run.close();
  }
}

/** What the source tree says of the functions that are replaced; undefined without one. */
async function sourceFacts(folder: string | undefined, run: CheckRun, wasmFolder: string) {
  if (folder === undefined) return undefined;
  return new SourceTree(resolve(folder), loadParser(wasmFolder)).factsOf(await run.patched(patchedFunctions));
}

function severitiesFrom(rules: readonly string[]): { [rule: string]: 'off' | Severity } {
  const severities: { [rule: string]: 'off' | Severity } = {};
  for (const text of rules) {
    const [id, level, ...rest] = text.split('=');
    if (!id || level === undefined || rest.length > 0) {
      throw new UsageError(`--rule is "${text}"; it needs ID=LEVEL, such as missing-module-exit=off.`);
    }
    if (!ruleById(id) && !diffRuleById(id)) throw new UsageError(`--rule names "${id}", and there is no such rule.`);
    severities[id] = oneOf(`--rule ${id}`, level, LEVELS);
  }
  return severities;
}

/** The files to check, absolute path to the name that the user knows; folders are searched. */
async function askedFiles(names: readonly string[]): Promise<{ files: Map<string, string>; failed: boolean }> {
  const files = new Map<string, string>();
  let failed = false;
  for (const name of names) {
    try {
      if (!(await stat(name)).isDirectory()) {
        files.set(resolve(name), name);
        continue;
      }
      const { files: found, cut } = await scanFolder(name);
      for (const file of found) files.set(resolve(file), file);
      if (cut) {
        complain(`${name} holds too many files to search them all: name the folder of the livepatch.`);
        failed = true;
      }
    } catch (error) {
      complain(`${name}: ${reasonOf(error)}`);
      failed = true;
    }
  }
  return { files, failed };
}

/** C files, and diffs for klp-build or kpatch-build. Folders are not searched for diffs: most are for something else. */
function withoutDiffs(files: ReadonlyMap<string, string>): [Map<string, string>, Map<string, string>] {
  const entries = [...files];
  return [
    new Map(entries.filter(([path]) => !isDiffName(path))),
    new Map(entries.filter(([path]) => isDiffName(path))),
  ];
}

/** One check of some files, each with the module that it belongs to. Files are named by their absolute paths. */
class CheckRun {
  /** Files in which nothing of livepatch was found, as the user named them. */
  readonly skipped: string[] = [];
  /** How many files could be read. */
  read = 0;
  failed = false;
  private readonly asked: ReadonlyMap<string, string>;
  private readonly disk: DiskFiles;
  private readonly store: ModuleStore;
  private readonly checks: ModuleChecks;

  constructor(asked: ReadonlyMap<string, string>, wasmFolder: string, options: CheckOptions) {
    this.asked = asked;
    this.disk = new DiskFiles([...new Set([process.cwd(), ...[...asked.keys()].map((path) => dirname(path))])]);
    const names = { pathOf: (file: string) => file, fileAt: (path: string) => path };
    this.store = new ModuleStore(loadParser(wasmFolder), this.disk, names);
    this.checks = new ModuleChecks(this.store, options);
  }

  async open(): Promise<void> {
    for (const [path, name] of this.asked) {
      const text = await this.disk.read(path);
      if (text === null) {
        complain(`${name}: it can't be read: no ordinary file, no permission, or larger than 1 MB`);
        this.failed = true;
      } else {
        this.read++;
        this.store.open(path, text);
        if (!this.store.isLivepatch(path)) this.skipped.push(name);
      }
    }
  }

  setOptions(options: CheckOptions): void {
    this.checks.setOptions(options);
  }

  /** What the modules of the files that were asked for patch: what `namesOf` reads from each. */
  async patched(namesOf: (module: LivepatchModule) => readonly string[]): Promise<Set<string>> {
    const names = new Set<string>();
    for (const path of this.asked.keys()) {
      const module = await this.store.moduleOf(path);
      for (const name of module ? namesOf(module) : []) names.add(name);
    }
    return names;
  }

  /** Applies the safe fixes to the files that were asked for. Returns how many findings that settled. */
  async fix(): Promise<number> {
    let fixed = 0;
    for (const [path, name] of this.asked) {
      for (let round = 0; round < MAX_FIX_ROUNDS; round++) {
        const text = this.store.textOf(path);
        const findings = await this.checks.findingsIn(path);
        const edits = fixAllEdits(findings, path);
        if (text === null || edits.length === 0) break;
        const newText = applyEdits(text, edits);
        try {
          await writeFile(path, newText);
        } catch (error) {
          complain(`${name} could not be written: ${reasonOf(error)}`);
          this.failed = true;
          break;
        }
        this.store.change(path, [{ start: 0, end: text.length, newText }], newText);
        fixed += Math.max(0, findings.length - (await this.checks.findingsIn(path)).length);
      }
    }
    return fixed;
  }

  /** By file, those that were asked for first, then other files of their modules. */
  async findings(): Promise<ReportedFile[]> {
    const byFile = new Map<string, { text: string; findings: Map<string, Finding> }>();
    for (const path of this.asked.keys()) {
      const check = await this.checks.of(path);
      for (const finding of check?.findings ?? []) {
        const { file, start, end } = finding.range;
        const text = check?.module.files.find((source) => source.file === file)?.text ?? '';
        const entry = byFile.get(file) ?? { text, findings: new Map<string, Finding>() };
        byFile.set(file, entry);
        entry.findings.set(`${finding.rule} ${start} ${end}`, finding);
      }
    }
    const order = [...this.asked.keys()].filter((path) => byFile.has(path));
    const others = [...byFile.keys()].filter((path) => !this.asked.has(path)).sort();
    return [...order, ...others].flatMap((path) => {
      const entry = byFile.get(path);
      if (!entry) return [];
      const findings = [...entry.findings.values()].sort((a, b) => a.range.start - b.range.start);
      return [{ name: this.asked.get(path) ?? path, text: entry.text, findings }];
    });
  }

  close(): void {
    for (const path of this.asked.keys()) this.store.close(path);
  }
}

function complain(message: string): void {
  process.stderr.write(`livepatch-ls: ${message}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the system says, in the words of people. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return messageOf(error);
}
