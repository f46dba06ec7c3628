import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { VerificationState } from '../../../shared/src/panel-messages.ts';
import type { Verifiable } from '../../../shared/src/scenario/situation.ts';
import type { VerifiedRun } from '../../../shared/src/scenario/verified.ts';
import { runCommandLine } from '../scenarios/command-line.ts';
import { explainFailure } from './verification-failure.ts';

/** What is to be verified: a module as it is simulated in a panel, or a scenario of the user's own. */
export type Verified =
  | { readonly module: vscode.Uri; readonly plan: Verifiable }
  | { readonly scenarioFile: vscode.Uri };

/**
 * Verifies what one panel shows: the command line plays it on a real kernel in QEMU, in a process of its own, as it does in
 * CI. One at a time.
 */
export class Verifier implements vscode.Disposable {
  private readonly commandLine: string;
  private readonly log: vscode.LogOutputChannel;
  private readonly tell: (state: VerificationState) => void;
  private running: vscode.CancellationTokenSource | null = null;
  /** The last that was told; null when there is nothing to be told to a page that is loaded anew. */
  state: VerificationState | null = null;

  /** `commandLine` is the path of the bundled command line. */
  constructor(commandLine: string, log: vscode.LogOutputChannel, tell: (state: VerificationState) => void) {
    this.commandLine = commandLine;
    this.log = log;
    this.tell = tell;
  }

  dispose(): void {
    this.running?.cancel();
  }

  cancel(): void {
    this.running?.cancel();
  }

  /** What was verified is not what is there any more. */
  forget(): void {
    if (this.running === null) this.state = null;
  }

  /** Never rejects: what goes wrong is told. */
  async verify(what: Verified, kernel: string): Promise<void> {
    if (this.running !== null) return;
    const running = new vscode.CancellationTokenSource();
    this.running = running;
    try {
      const why = await refusal(what);
      this.enter(why === null ? await this.play(what, kernel, running.token) : { is: 'failed', why, detail: '' });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.warn(`Verifying: ${why}`);
      this.enter({ is: 'failed', why, detail: '' });
    } finally {
      this.running = null;
      running.dispose();
    }
  }

  private enter(state: VerificationState): void {
    this.state = state;
    this.tell(state);
  }

  private async play(
    what: Verified,
    kernel: string,
    cancellation: vscode.CancellationToken,
  ): Promise<VerificationState> {
    const own = vscode.workspace.getConfiguration('livepatch').get<string>('verification.kernel', '').trim();
    const folder = await mkdtemp(join(tmpdir(), 'livepatch-verify-'));
    try {
      const file = 'scenarioFile' in what ? what.scenarioFile.fsPath : await writeScenario(folder, what);
      const args = ['verify', '--format', 'json', '--kernel', own === '' ? kernel : own, file];
      this.log.debug(`livepatch-ls ${args.join(' ')}`);
      const cwd = dirname('scenarioFile' in what ? file : what.module.fsPath);
      const step = (line: string): void => {
        if (/^(?:Fetching|Building|Booting|step) /.test(line)) this.enter({ is: 'running', step: line });
      };
      const { status, out, errors } = await runCommandLine(this.commandLine, args, cwd, step, cancellation);
      if (cancellation.isCancellationRequested) return { is: 'cancelled' };
      const run = verifiedRun(out);
      if (run !== null) return { is: 'done', run, plan: 'plan' in what ? what.plan : null };
      this.log.warn(`Verifying ended with ${status}: ${errors}`);
      return { is: 'failed', ...explainFailure(errors, status) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Why it is not done, for people; null when it may be. */
async function refusal(what: Verified): Promise<string | null> {
  if (!vscode.workspace.isTrusted) {
    const manage = 'Manage Workspace Trust';
    const why = 'Trust this workspace first: its C source is compiled and loaded into a kernel in QEMU.';
    void vscode.window.showWarningMessage(why, manage).then((answer) => {
      if (answer === manage) void vscode.commands.executeCommand('workbench.trust.manage');
    });
    return why;
  }
  const uri = 'scenarioFile' in what ? what.scenarioFile : what.module;
  if (uri.scheme !== 'file') return 'Only files on this machine can be compiled.';
  const folder = dirname(uri.fsPath);
  const unsaved = vscode.workspace.textDocuments.filter(
    (document) => document.isDirty && document.uri.scheme === 'file' && dirname(document.uri.fsPath) === folder,
  );
  if (unsaved.length === 0) return null;
  const save = 'Save and Verify';
  const names = unsaved.map(({ fileName }) => fileName.slice(fileName.lastIndexOf('/') + 1)).join(', ');
  const answer = await vscode.window.showInformationMessage(
    `The kernel is given what is saved. Save ${names}?`,
    { modal: true },
    save,
  );
  if (answer !== save) return 'It was not saved.';
  const saved = await Promise.all(unsaved.map((document) => document.save()));
  return saved.every((done) => done) ? null : 'It could not be saved.';
}

/** The scenario as a file; returns its path. */
async function writeScenario(
  folder: string,
  { module, plan: { scenario } }: Extract<Verified, { readonly module: vscode.Uri }>,
): Promise<string> {
  const modules = Object.fromEntries(Object.keys(scenario.modules).map((name) => [name, module.fsPath]));
  const file = join(folder, 'panel.klpsim.json');
  await writeFile(file, JSON.stringify({ ...scenario, modules }));
  return file;
}

/** What `verify --format json` printed; null when it did not come to that. */
function verifiedRun(out: string): VerifiedRun | null {
  try {
    const { results } = JSON.parse(out) as { readonly results: readonly VerifiedRun[] };
    return results[0] ?? null;
  } catch {
    return null;
  }
}
