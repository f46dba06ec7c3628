import type { BlockReason } from './trace.ts';

/** Why a look left a task alone, in a sentence's second half: "… because it …". */
export function reasonText(reason: BlockReason): string {
  switch (reason.kind) {
    case 'running':
      return 'runs on a CPU, where its stack can’t be looked at';
    case 'unreliable':
      return 'has a stack that can’t be walked reliably';
    case 'sleeping-on':
      return reason.function === reason.original
        ? `sleeps in ${reason.function}(), which the patch replaces`
        : `sleeps in ${reason.function}(), a replacement of ${reason.original}()`;
    case 'out-of-reach':
      return reason.text;
  }
}
