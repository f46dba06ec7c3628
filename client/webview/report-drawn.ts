import { host } from './host.ts';
import type { Session } from './session.ts';

/** Tells the host what is to be seen. */
export function reportDrawn({ run, forecast, forecasting, patch }: Session): void {
  if (run === null) return;
  const verdict = forecasting ? '' : (forecast?.headline ?? '');
  host.postMessage({ type: 'drawn', patch, verdict, lanes: run.lanes.length, end: run.trace.end });
}
