/** One line of the kernel log. */
export interface KernelLogLine {
  /** Microseconds since the guest started. */
  readonly at: number;
  /** 0 (emergency) to 7 (debug); null when it was read from the console, which does not tell. */
  readonly level: number | null;
  readonly text: string;
}

/**
 * Reads one record of /dev/kmsg (`level,sequence,microseconds,flags;text` and continuation lines).
 * Null when it is none.
 */
export function parseKmsgRecord(record: string): KernelLogLine | null {
  const match = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  if (!match) return null;
  const [, prefix = '', at = '', text = ''] = match;
  return { at: Number(at), level: Number(prefix) & 7, text: unescapeKmsg(text) };
}

/** printk escapes bytes that don't print as `\x0a`. */
function unescapeKmsg(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Reads what the serial console printed; lines without a time belong to the one before. */
export function parseConsole(text: string): KernelLogLine[] {
  const lines: KernelLogLine[] = [];
  for (const line of text.split(/\r*\n/)) {
    const match = /^\[\s*(\d+)\.(\d{6})\] (.*)$/.exec(line);
    if (match) {
      const [, seconds = '', micros = '', rest = ''] = match;
      lines.push({ at: Number(seconds) * 1_000_000 + Number(micros), level: null, text: rest });
    }
  }
  return lines;
}

/** What kind of trouble the kernel reports about itself. */
export type Trouble =
  | { readonly kind: 'panic'; readonly text: string }
  | { readonly kind: 'oops'; readonly text: string }
  | { readonly kind: 'lockup'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string };

const TROUBLES: readonly { kind: Trouble['kind']; pattern: RegExp }[] = [
  { kind: 'lockup', pattern: /BUG: soft lockup|hard LOCKUP|rcu.*detected stalls?|blocked for more than \d+ seconds/ },
  {
    kind: 'oops',
    pattern:
      /^(?:BUG: (?:unable to handle|kernel NULL|scheduling while atomic)|Oops|kernel BUG at|general protection fault|invalid opcode|int3:|double fault|BUG: (?:TASK )?stack guard page|traps: .*general protection)/,
  },
  { kind: 'panic', pattern: /^Kernel panic - not syncing/ },
  { kind: 'warning', pattern: /^WARNING: CPU: / },
];

/** Each line that starts a report of the kernel about itself, in order. */
export function findTroubles(lines: readonly KernelLogLine[]): Trouble[] {
  const troubles: Trouble[] = [];
  for (const line of lines) {
    const found = TROUBLES.find((t) => t.pattern.test(line.text));
    if (found) troubles.push({ kind: found.kind, text: line.text });
  }
  return troubles;
}

/** The lines that kernel/livepatch/ itself prints, prefix included. */
export function livepatchLines(lines: readonly KernelLogLine[]): KernelLogLine[] {
  return lines.filter((line) => line.text.startsWith('livepatch: '));
}

/**
 * Function names of /proc/PID/stack (`[<0>] pipe_read+0x345/0x470`), innermost first; those of a module with its name
 * behind, as there: `xfs_buf_iowait [xfs]`.
 */
export function parseStack(text: string): string[] {
  const names: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^\[<[0-9a-f]+>\] ([^\s+]+)\S*( \[\w+\])?/.exec(line);
    if (match?.[1]) names.push(`${match[1]}${match[2] ?? ''}`);
  }
  return names;
}
