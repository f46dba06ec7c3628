import type { Capture, CapturedTask } from './capture-format.ts';

/** Listens for devices and modules: that is what it is there for. */
const UDEVD = 'systemd-udevd';

/**
 * Which tasks wake when a module comes or goes, because the kernel tells them. Of a process with several threads nobody
 * knows which one reads its socket: none counts. Recordings that do not say who listens know systemd-udevd by its name.
 */
export function ueventListeners({ ueventListeners: listeners, samples }: Capture): (task: CapturedTask) => boolean {
  if (listeners === null) return ({ comm, kind }) => kind === 'user' && comm === UDEVD;
  const threads = new Map<number, number>();
  for (const { pid } of samples[samples.length - 1]?.tasks ?? []) threads.set(pid, (threads.get(pid) ?? 0) + 1);
  const alone = new Set(listeners.filter((pid) => threads.get(pid) === 1));
  return ({ pid, kind }) => kind === 'user' && alone.has(pid);
}
