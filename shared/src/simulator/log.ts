import type { Machine } from './machine.ts';
import type { LogLevel } from './trace.ts';

/** A line of the kernel log as it stands there, without the time stamp. */
export function printk(m: Machine, level: LogLevel, text: string): void {
  if (level === 'debug' && !m.recordAll) return;
  m.emit({ at: m.now, type: 'log', level, text });
}

/** A line of kernel/livepatch: KBUILD_MODNAME is its prefix. */
export function pr(m: Machine, level: LogLevel, text: string): void {
  printk(m, level, `livepatch: ${text}`);
}
