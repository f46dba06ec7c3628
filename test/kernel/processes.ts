import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of the processes of this machine that name a path. */
export function processesThatName(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // It has ended.
      }
    })
    .filter((commandLine) => commandLine.includes(path));
}
