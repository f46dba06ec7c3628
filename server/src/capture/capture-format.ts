/** What capture.sh writes, checked and with names decoded. */
export interface Capture {
  /** ISO 8601, UTC. */
  readonly captured: string;
  /** `uname -r` and `uname -m`. */
  readonly kernel: string;
  readonly machine: string;
  /** CPUs that are online, as lists of numbers in ascending order. Empty: unknown. */
  readonly cpus: readonly number[];
  readonly nohzFull: readonly number[];
  /** CONFIG_HZ; null: unknown. */
  readonly hz: number | null;
  /** Unit of `utime` and `stime`, a second's part. */
  readonly clockTicks: number;
  /** The process that recorded. */
  readonly recorder: number | null;
  readonly modules: readonly string[];
  /** Livepatches that were loaded. */
  readonly livepatches: readonly string[];
  /** At least one, the earliest first. */
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Seconds since boot. */
  readonly uptime: number;
  readonly tasks: readonly CapturedTask[];
}

export interface CapturedTask {
  readonly pid: number;
  readonly tid: number;
  /** The process that started this one; null: unknown. */
  readonly ppid: number | null;
  readonly comm: string;
  readonly kind: 'user' | 'kthread' | 'io_worker';
  /** The letter of /proc/PID/stat. */
  readonly state: string;
  /** Clock ticks since boot: with `tid` it tells apart a task and a later one with the same number. */
  readonly started: number;
  /** CPUs that it may run on. Empty: unknown. */
  readonly cpus: readonly number[];
  readonly voluntary: number | null;
  readonly involuntary: number | null;
  /** Nanoseconds on a CPU so far. */
  readonly runtime: number | null;
  /** Clock ticks in user space and in the kernel so far. */
  readonly utime: number;
  readonly stime: number;
  /** Number of the system call it is in; null: none, or unknown. */
  readonly syscall: number | null;
  /** False: it was running while its stack was read. */
  readonly trusted: boolean;
  /** Functions, innermost first; null: unknown. */
  readonly stack: readonly string[] | null;
}

export const FORMAT = 'livepatch-capture';
export const FORMAT_VERSION = 1;
