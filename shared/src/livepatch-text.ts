/**
 * Whether a text may have to do with livepatch at all: the cheap test before anything is parsed, and before a client
 * starts a server. Says yes too often rather than too seldom; the reader decides.
 */
export function mentionsLivepatch(text: string): boolean {
  return /\b(?:klp_|KLP_|KPATCH_)\w|<linux\/livepatch|MODULE_INFO\s*\(\s*livepatch\b|#\s*include\s*"[^"\n]*(?:klp|livepatch)/.test(
    text,
  );
}
