import type { BlockReason } from './trace.ts';

/** Why a look left a task alone, in a sentence's second half: "… because it …". */
export function reasonText(reason: BlockReason): string {
  switch (reason.kind) {
    case 'running':
      return 'runs on a CPU, where its stack can’t be looked at';
    case 'unreliable':
      return 'has a stack that can’t be walked reliably';
    case 'sleeping-on':
      return `sleeps in ${frameText(reason.function)}, ${roleText(reason.function, reason.original)}`;
    case 'out-of-reach':
      return reason.text;
  }
}

/** What the transition has to do with a function: it is what the patch replaces, or what it was replaced by before. */
function roleText(frame: string, original: string): string {
  if (frame === original) return 'which the patch replaces';
  // A module's function, or a livepatch's of the same name: a frame does not say which.
  if (frame.split(' ')[0] === original) return 'which the transition changes';
  return `a replacement of ${original}()`;
}

/** A frame as people write it: `pipe_read()`, `xfs_buf_iowait() of xfs`. */
export function frameText(frame: string): string {
  const [, name = frame, module] = /^(.+?) \[(.+)\]$/.exec(frame) ?? [];
  return module === undefined ? `${name}()` : `${name}() of ${module}`;
}
