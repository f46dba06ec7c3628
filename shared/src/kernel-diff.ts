import { mentionsLivepatch } from './livepatch-text.ts';

/** What stands at the top of the kernel's source tree. */
const IN_TREE =
  /^(?:(?:arch|block|certs|crypto|Documentation|drivers|fs|include|init|io_uring|ipc|kernel|lib|LICENSES|mm|net|rust|samples|scripts|security|sound|tools|usr|virt)\/|(?:COPYING|CREDITS|Kbuild|Kconfig|MAINTAINERS|Makefile|README|\.\w[\w.-]*)$)/;

/** Code of the kernel in folders that hardly any other project has. Others have `lib/`, `crypto/` and `include/`, too. */
const CODE =
  /^(?:arch\/[a-z0-9]+|block|drivers|fs|include\/(?:asm-generic|crypto|drm|linux|media|net|rdma|scsi|sound|trace|uapi)|io_uring|ipc|kernel|mm|net|security|sound|virt)\/(?:[^/]+\/)*[^/]+\.[chS]$/;

/** The names in the two lines before a file's first hunk, without the time that some tools write behind them. */
const NAMES = /^--- ([^\t\r\n]{1,4096})[^\n]*\n\+\+\+ ([^\t\r\n]{1,4096})[^\n]*\n@@ -/gm;

/**
 * Whether a text is a diff of the kernel's source, for which klp-build or kpatch-build may be meant: every file that it
 * changes stands where the kernel has files, and one is code of the kernel or the diff mentions livepatch. Most diffs that
 * somebody opens are of something else, and for these nothing must be said. Linear in the length of the text.
 */
export function isKernelDiff(text: string): boolean {
  let code = false;
  let any = false;
  for (const [, before = '', after = ''] of text.matchAll(NAMES)) {
    const paths = [before, after].filter((name) => name.trim() !== '/dev/null').map(inTree);
    if (paths.some((path) => !IN_TREE.test(path))) return false;
    any = true;
    code ||= paths.some((path) => CODE.test(path));
  }
  return any && (code || mentionsLivepatch(text));
}

/** Without what `patch -p1` takes off, if that is no part of the path. */
function inTree(name: string): string {
  const path = name.trim().replace(/^"(.*)"$/, '$1');
  const rest = path.slice(path.indexOf('/') + 1);
  return IN_TREE.test(rest) && (/^[ab]\//.test(path) || !IN_TREE.test(path)) ? rest : path;
}
