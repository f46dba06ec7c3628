import { Worker } from 'node:worker_threads';
import { type HostResult, type RunIdentity, unreadableHost } from '../../../../shared/src/fleet/host-result.ts';
import type { FleetItem } from './fleet-source.ts';
import type { FleetJob } from './fleet-worker.ts';

/** A recording that needs more than this is reported as broken instead of taking the machine down. */
const WORKER_MEMORY_MB = 2048;

/**
 * Plays the recordings on several threads; results come as they are ready. No more recordings are asked for than there are
 * threads. Each item gives exactly one result, whatever happens to its thread.
 */
export async function playFleet(
  script: string,
  job: FleetJob,
  threads: number,
  items: AsyncIterable<FleetItem>,
  done: (result: HostResult) => void,
  signal: AbortSignal,
): Promise<void> {
  const source = items[Symbol.asyncIterator]();
  const identity = { run: job.run, module: job.image.module };
  let ended = false;
  const lane = async (): Promise<void> => {
    let worker: Worker | null = null;
    try {
      while (!ended && !signal.aborted) {
        const next = await source.next();
        if (next.done === true) {
          ended = true;
          break;
        }
        worker ??= new Worker(script, {
          workerData: job,
          resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB },
        });
        const result: HostResult | null = await ask(worker, next.value, identity, signal);
        if (result === null) break;
        done(result);
        // A thread that failed does not come back.
        if (!result.ok && worker.threadId < 0) worker = null;
      }
    } finally {
      await worker?.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, lane));
}

/** Null when it was cancelled. */
function ask(worker: Worker, item: FleetItem, identity: RunIdentity, signal: AbortSignal): Promise<HostResult | null> {
  return new Promise((resolve) => {
    const settle = (result: HostResult | null): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const failed = (why: string): void => settle(unreadableHost(item.host, identity, why));
    const onMessage = (result: HostResult): void => settle(result);
    const onError = (error: Error): void =>
      void worker.terminate().then(() => failed(`The simulation failed: ${error.message}`));
    const onExit = (): void => failed('The simulation ended without an answer.');
    const onAbort = (): void => settle(null);
    worker.once('message', onMessage);
    worker.once('error', onError);
    worker.once('exit', onExit);
    signal.addEventListener('abort', onAbort);
    worker.postMessage(item);
  });
}
