import type { HostToPanel, VerificationState } from '../../shared/src/panel-messages.ts';
import { type Verifiable, verifiable } from '../../shared/src/scenario/situation.ts';
import { host } from './host.ts';
import type { Session } from './session.ts';
import { VerificationView } from './verification-view.ts';

/** A verification of the run that is shown: asked for, under way, over; and the part of the page that says so. */
export class Verification {
  private readonly session: Session;
  private readonly changed: () => void;
  readonly view: VerificationView;
  /** Somebody asked before the forecast was made. */
  private wanted = false;
  /** Null: nobody asked, or the run is another one by now. */
  state: VerificationState | null = null;
  /** What is simulated was changed while the kernel was at it. */
  stale = false;

  /** `changed` shows the page anew, `jump` puts the cursor at a time. */
  constructor(session: Session, changed: () => void, jump: (at: number) => void) {
    this.session = session;
    this.changed = changed;
    this.view = new VerificationView({
      cancel: () => host.postMessage({ type: 'cancel-verification' }),
      again: () => this.ask(),
      back: () => this.forget(),
      jump,
    });
  }

  show(): void {
    this.view.update(this, this.session.laidOver);
  }

  /** Asks for it; when the forecast is not there yet, as soon as it is. */
  ask(): void {
    const { session } = this;
    if (session.run === null || (session.fixed === null && session.forecasting)) {
      this.wanted = true;
      return;
    }
    this.wanted = false;
    if (this.state?.is === 'running') return;
    if (session.laidOver) session.leaveVerified();
    const { run, images, workload } = session;
    if (run === null) return;
    if (session.fixed !== null) {
      this.begin(run.trace.options.kernel, null);
      return;
    }
    const plan = verifiable({ images, workload, trace: run.trace });
    if (typeof plan === 'string') {
      this.enter({ is: 'failed', why: plan, detail: '' });
      return;
    }
    this.begin(run.trace.options.kernel, plan);
  }

  /** The forecast is there; the session shows its typical run next, which is the one that is meant. */
  forecastMade(): void {
    if (this.wanted) setTimeout(() => this.wanted && this.ask());
  }

  receive(message: HostToPanel & { readonly type: 'verify' | 'verification' }): void {
    if (message.type === 'verify') this.ask();
    else this.enter(message.state);
  }

  private enter(state: VerificationState): void {
    this.state = state;
    if (state.is === 'done') {
      this.session.showVerified(state.run);
      const laidOver = this.session.run?.laidOver;
      if (laidOver) {
        const { headline, differences } = laidOver;
        host.postMessage({ type: 'laid-over', headline, differences: differences.length });
      }
    }
    this.changed();
  }

  /** Back to what was shown before. */
  private forget(): void {
    this.state = null;
    this.changed();
    if (this.session.laidOver) this.session.leaveVerified();
  }

  /** There is another run to show. Why there was no verification stands until somebody has read it. */
  outdated(): void {
    if (this.state?.is === 'running') this.stale = true;
    if (this.state?.is !== 'done' || this.session.laidOver) return;
    this.state = null;
    this.changed();
  }

  /** `plan` is null for a scenario of the user's own. */
  private begin(kernel: string, plan: Verifiable | null): void {
    this.stale = false;
    host.postMessage({ type: 'verify', kernel, plan });
    this.enter({ is: 'running', step: 'Starting' });
  }
}
