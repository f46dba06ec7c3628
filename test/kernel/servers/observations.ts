import type { Role, ServersReport } from './run-servers.ts';

/** What a real kernel did when a livepatch was loaded under load. */
export interface Observation {
  /** The function that was replaced. */
  readonly func: string;
  /** How many tasks of a name the transition waited for, half a second after loading and every two seconds from then on. */
  readonly held: readonly { readonly [name: string]: number }[];
  /** From "starting patching transition" to "patching complete"; null: it was given up after 24 s. */
  readonly seconds: number | null;
  /** "signaling remaining tasks" was printed. */
  readonly signalled: boolean;
  /** What was served, committed or started meanwhile: the load went on. */
  readonly work: number;
}

/** What was observed in one guest. */
export interface Observations {
  /** The recording that was made last before that, of the guest as it was. */
  readonly recording: 'idle' | 'loaded';
  readonly transitions: readonly Observation[];
}

/** Functions that are replaced, in that order. Nobody is in the first one. */
export const PATCHED: { readonly [role in Role]: readonly string[] } = {
  // Where nginx, Redis and PHP wait for work; and idle workers of the kernel, which the signal does not reach.
  'web-server': ['cmdline_proc_show', 'do_epoll_wait', 'unix_accept', 'worker_thread'],
  // Where PostgreSQL's connections wait, and rsyslog and sshd.
  database: ['cmdline_proc_show', 'do_epoll_wait', 'do_sys_poll'],
  // Where gcc waits for the compiler.
  'build-machine': ['cmdline_proc_show', 'do_wait'],
};

/** The module with the livepatch of a function: loaded in the order of the names. */
export const moduleOf = (role: Role, func: string): string => `lp_${PATCHED[role].indexOf(func)}_${func}`;

/** Reads what main.sh told and what the kernel printed. */
export function observationsOf(role: Role, { lines, console }: ServersReport): Observation[] {
  return PATCHED[role].map((func): Observation => {
    const module = moduleOf(role, func);
    const held = lines.flatMap((line) => {
      const match = /^# held (\S+) ?(.*)$/.exec(line);
      return match?.[1] === module ? [countNames((match[2] ?? '').split('|'))] : [];
    });
    const began = stamp(console, `livepatch: '${module}': starting patching transition`);
    const ended = stamp(console, `livepatch: '${module}': patching complete`);
    if (began === null) throw new Error(`${module} was not loaded:\n${console.slice(-2000)}`);
    const until = ended ?? stamp(console, `livepatch: '${module}': starting unpatching transition`) ?? Infinity;
    const signals = [...console.matchAll(/^\[ *([\d.]+)\] livepatch: signaling remaining tasks/gm)];
    return {
      func,
      held,
      seconds: ended === null ? null : Math.round((ended - began) * 1000) / 1000,
      work: Number(lines.flatMap((line) => new RegExp(`^# done ${module} (\\d+)$`).exec(line)?.[1] ?? [])[0] ?? 0),
      signalled: signals.some(([, at]) => Number(at) >= began && Number(at) <= until),
    };
  });
}

function countNames(names: readonly string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const name of names.map(familyOf)) if (name !== '') counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** A name as the kernel has it: a worker's without its numbers and what it works on at the moment. */
export const familyOf = (comm: string): string => (comm.startsWith('kworker/') ? 'kworker' : comm.slice(0, 15));

/** Seconds since boot at which the kernel printed that; null: never. */
function stamp(console: string, text: string): number | null {
  const line = console.split('\n').find((each) => each.includes(text));
  const match = line === undefined ? null : /^\[ *([\d.]+)\]/.exec(line);
  return match ? Number(match[1]) : null;
}
