import type { PanelState } from '../../shared/src/panel-messages.ts';
import { host } from './host.ts';

/** Milliseconds. */
const KEEP_DELAY = 200;

/** Keeps the page's state over reloads, soon after it changed: not at each of sixty frames a second. */
export class StateKeeper {
  private readonly state: () => PanelState;
  private keeping: ReturnType<typeof setTimeout> | null = null;

  constructor(state: () => PanelState) {
    this.state = state;
  }

  changed(): void {
    this.keeping ??= setTimeout(() => {
      this.keeping = null;
      host.setState(this.state());
    }, KEEP_DELAY);
  }
}
