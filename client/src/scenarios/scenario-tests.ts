import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { VerifiedRun } from '../../../shared/src/scenario/verified.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { SimulationPanels } from '../panel/simulation-panels.ts';
import { type CommandLineResult, runCommandLine } from './command-line.ts';

const PATTERN = '**/*.klpsim.json';
/** Files that a window lists; more are found by opening them. */
const MOST_FILES = 2000;

export interface ScenarioOutcome {
  readonly state: 'passed' | 'failed' | 'errored' | 'skipped';
  readonly messages: readonly string[];
}

/** What `livepatch-ls simulate --format json` prints of a scenario. */
interface SimulatedScenario {
  readonly results: readonly {
    readonly kernel: string;
    readonly failures: readonly Failure[];
    readonly record: { readonly steps: readonly { readonly at: number; readonly log: readonly string[] }[] };
    readonly trace: Trace;
  }[];
}

interface Failure {
  /** Place of the step. */
  readonly step: number;
  /** `FILE:LINE:COLUMN`, from 1. */
  readonly place: string;
  readonly message: string;
  readonly difference?: { readonly expected: string; readonly actual: string };
}

/** What `livepatch-ls verify --format json` prints. */
interface VerifiedScenario {
  readonly results: readonly VerifiedRun[];
}

/**
 * The scenarios of the workspace in VS Code's Test Explorer. "Run" plays them on the simulator, a second profile on a real
 * kernel in QEMU as well. Both are the command line's doing, in a process of its own: what the editor says is what CI says.
 */
export class ScenarioTests implements vscode.Disposable {
  private readonly controller = vscode.tests.createTestController('livepatch.scenarios', 'Livepatch Scenarios');
  private readonly subscriptions: vscode.Disposable[];
  private readonly commandLine: string;
  private readonly panels: SimulationPanels;
  private readonly log: vscode.LogOutputChannel;
  private watching = false;
  /** How each scenario's last run went, by URI. */
  readonly outcomes = new Map<string, ScenarioOutcome>();

  /** `commandLine` is the path of the bundled command line; `panels` show runs. */
  constructor(commandLine: string, panels: SimulationPanels, log: vscode.LogOutputChannel) {
    this.commandLine = commandLine;
    this.panels = panels;
    this.log = log;
    const { Run, Debug } = vscode.TestRunProfileKind;
    const profile = (
      name: string,
      kind: vscode.TestRunProfileKind,
      isDefault: boolean,
      play: (item: vscode.TestItem, run: vscode.TestRun) => Promise<void>,
    ): vscode.TestRunProfile =>
      this.controller.createRunProfile(
        name,
        kind,
        (request, cancellation) => this.run(request, cancellation, play),
        isDefault,
      );
    this.subscriptions = [
      this.controller,
      profile('Simulate', Run, true, (item, run) => this.simulate(item, run, false)),
      profile('Show in the Panel', Debug, true, (item, run) => this.simulate(item, run, true)),
      profile('Verify on a Real Kernel', Run, false, (item, run) => this.verify(item, run)),
      vscode.workspace.onDidOpenTextDocument(({ uri }) => this.look(uri)),
    ];
    this.controller.resolveHandler = async (item) => {
      if (item === undefined) await this.discover();
    };
    this.controller.refreshHandler = () => this.discover();
    for (const { uri } of vscode.workspace.textDocuments) this.look(uri);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async discover(): Promise<void> {
    if (!this.watching) {
      this.watching = true;
      const watcher = vscode.workspace.createFileSystemWatcher(PATTERN);
      watcher.onDidCreate((uri) => this.look(uri));
      watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString()));
      this.subscriptions.push(watcher);
    }
    const files = await vscode.workspace.findFiles(PATTERN, undefined, MOST_FILES);
    const found = new Set(files.map(String));
    for (const [id] of [...this.controller.items]) if (!found.has(id)) this.controller.items.delete(id);
    for (const file of files) this.look(file);
  }

  private look(uri: vscode.Uri): void {
    if (uri.scheme !== 'file' || !uri.path.endsWith('.klpsim.json') || this.controller.items.get(uri.toString()))
      return;
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1).replace(/\.klpsim\.json$/, '');
    const item = this.controller.createTestItem(uri.toString(), name, uri);
    item.range = new vscode.Range(0, 0, 0, 0);
    const folder = vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, '..'));
    if (folder !== '.' && !folder.startsWith('/')) item.description = folder;
    this.controller.items.add(item);
  }

  private async run(
    request: vscode.TestRunRequest,
    cancellation: vscode.CancellationToken,
    play: (item: vscode.TestItem, run: vscode.TestRun) => Promise<void>,
  ): Promise<void> {
    const items = (request.include ?? [...this.controller.items].map(([, item]) => item)).filter(
      (item) => !request.exclude?.includes(item),
    );
    const run = this.controller.createTestRun(request);
    for (const item of items) run.enqueued(item);
    for (const item of items) {
      if (cancellation.isCancellationRequested) {
        run.skipped(item);
        continue;
      }
      run.started(item);
      try {
        await play(item, run);
      } catch (error) {
        const message = new vscode.TestMessage(error instanceof Error ? error.message : String(error));
        this.finish(run, item, 'errored', [message], Date.now());
      }
    }
    run.end();
  }

  /** `show` opens the run in the panel: the first that failed at the step that did, or else the first one. */
  private async simulate(item: vscode.TestItem, run: vscode.TestRun, show: boolean): Promise<void> {
    const started = Date.now();
    const done = await this.call(['simulate', '--format', 'json'], item, run);
    const scenario = parsed<SimulatedScenario>(done);
    if (scenario === null) {
      const [state, messages] = complaint(item, done, run.token.isCancellationRequested);
      this.finish(run, item, state, messages, started);
      return;
    }
    const messages: vscode.TestMessage[] = [];
    for (const { kernel, failures, record } of scenario.results) {
      tell(run, item, `Linux ${kernel}, simulated`);
      for (const line of record.steps.flatMap(({ log }) => log)) tell(run, item, `  ${line}`);
      for (const failure of failures) messages.push(failureMessage(item, kernel, failure));
    }
    this.finish(run, item, messages.length === 0 ? 'passed' : 'failed', messages, started);
    const shown = scenario.results.find(({ failures }) => failures.length > 0) ?? scenario.results[0];
    if (!show || shown === undefined) return;
    const step = shown.failures[0]?.step ?? 0;
    const title = `${item.label} on Linux ${shown.kernel}${shown.failures[0] ? `: ${shown.failures[0].message}` : ''}`;
    const { uri } = item;
    if (uri) this.panels.openTrace(title, shown.trace, shown.record.steps[step]?.at ?? 0, uri);
  }

  private async verify(item: vscode.TestItem, run: vscode.TestRun): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      throw new Error('Trust this workspace first: its C sources are compiled and loaded into a kernel in QEMU.');
    }
    const started = Date.now();
    const done = await this.call(['verify', '--format', 'json'], item, run);
    const scenario = parsed<VerifiedScenario>(done);
    if (scenario === null) {
      const [state, messages] = complaint(item, done, run.token.isCancellationRequested);
      this.finish(run, item, state, messages, started);
      return;
    }
    const messages = scenario.results.flatMap(({ kernel, release, differences, failures }) => {
      tell(run, item, `Linux ${release}: ${differences.length} differences, ${failures} expectations not met`);
      const sides = differences.map((difference) =>
        vscode.TestMessage.diff(
          `Simulator and Linux ${release} differ (${difference.kind})`,
          difference.kernel ?? '',
          difference.simulator ?? '',
        ),
      );
      return failures > 0
        ? [...sides, new vscode.TestMessage(`Not everything came as expected on Linux ${kernel}: ${failures} times.`)]
        : sides;
    });
    this.finish(run, item, messages.length === 0 ? 'passed' : 'failed', messages, started);
  }

  private finish(
    run: vscode.TestRun,
    item: vscode.TestItem,
    state: ScenarioOutcome['state'],
    messages: readonly vscode.TestMessage[],
    started: number,
  ): void {
    const took = Date.now() - started;
    if (state === 'passed') run.passed(item, took);
    else if (state === 'failed') run.failed(item, messages, took);
    else if (state === 'errored') run.errored(item, messages, took);
    else run.skipped(item);
    this.outcomes.set(item.id, { state, messages: messages.map(({ message }) => String(message)) });
  }

  private call(args: readonly string[], item: vscode.TestItem, run: vscode.TestRun): Promise<CommandLineResult> {
    const path = item.uri?.fsPath ?? '';
    this.log.debug(`livepatch-ls ${args.join(' ')} ${path}`);
    return runCommandLine(this.commandLine, [...args, path], dirname(path), (line) => tell(run, item, line), run.token);
  }
}

/** What the command line printed, when it came to that. */
function parsed<T>({ out }: CommandLineResult): T | null {
  try {
    return JSON.parse(out) as T;
  } catch {
    return null;
  }
}

/** It could not be played: mistakes in the file, no QEMU, stopped. Places in what it says become places in the editor. */
function complaint(
  item: vscode.TestItem,
  { status, errors }: CommandLineResult,
  cancelled: boolean,
): ['skipped' | 'errored', vscode.TestMessage[]] {
  if (cancelled) return ['skipped', []];
  const said = errors
    .replace(/^livepatch-ls: /, '')
    .replace(/\nTry "livepatch-ls --help"\.\s*$/, '')
    .trim();
  const messages = (said || `The command line ended with exit status ${status}.`).split('\n').map((line) => {
    const place = /^(.*?\.klpsim\.json:\d+:\d+): (.*)$/.exec(line);
    const message = new vscode.TestMessage(place?.[2] ?? line);
    const location = place ? locationOf(item, place[1] ?? '') : undefined;
    if (location) message.location = location;
    return message;
  });
  return ['errored', messages];
}

function failureMessage(
  item: vscode.TestItem,
  kernel: string,
  { place, message, difference }: Failure,
): vscode.TestMessage {
  const text = `Linux ${kernel}: ${message}`;
  const result = difference
    ? vscode.TestMessage.diff(text, difference.expected, difference.actual)
    : new vscode.TestMessage(text);
  const location = locationOf(item, place);
  if (location) result.location = location;
  return result;
}

function locationOf({ uri }: vscode.TestItem, place: string): vscode.Location | undefined {
  const match = /:(\d+):(\d+)$/.exec(place);
  if (!uri || !match) return undefined;
  return new vscode.Location(uri, new vscode.Position(Number(match[1]) - 1, Number(match[2]) - 1));
}

/** Terminals want both ends of a line. */
const tell = (run: vscode.TestRun, item: vscode.TestItem, line: string): void =>
  run.appendOutput(`${line}\r\n`, undefined, item);
