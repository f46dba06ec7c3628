import { describe, expect, it } from 'vitest';
import { isKernelDiff } from '../../../shared/src/kernel-diff.ts';

/** A diff of some files, each `BEFORE AFTER` or one name for both. */
function diff(...files: readonly string[]): string {
  return files
    .map((file) => {
      const [before = '', after = before] = file.split(' ');
      return `--- ${before}\n+++ ${after}\n@@ -1,2 +1,2 @@\n-old\n+new\n context\n`;
    })
    .join('');
}

describe('a diff of the kernel’s source', () => {
  it.each([
    ['of git', diff('a/net/ipv4/tcp.c b/net/ipv4/tcp.c')],
    ['of git, without a/ and b/', diff('fs/proc/uptime.c')],
    ['of two trees', diff('linux-6.12/mm/slub.c linux-6.12-fixed/mm/slub.c')],
    ['with times behind the names', diff('a/kernel/fork.c b/kernel/fork.c').replace(/c$/gm, 'c\t2026-11-21 10:00:00')],
    ['with lines that end as on Windows', diff('a/drivers/md/md.c b/drivers/md/md.c').replaceAll('\n', '\r\n')],
    [
      'in a mail',
      `From: somebody\nSubject: [PATCH] fs: fix\n\n---\n fs/exec.c | 2 +-\n\n${diff('a/fs/exec.c b/fs/exec.c')}`,
    ],
    ['with a new file', diff('/dev/null b/kernel/new.c', 'a/kernel/Makefile b/kernel/Makefile')],
    [
      'of more than code',
      diff('a/MAINTAINERS b/MAINTAINERS', 'a/Documentation/a.rst b/Documentation/a.rst', 'a/mm/a.c b/mm/a.c'),
    ],
    ['of assembler', diff('a/arch/x86/entry/entry_64.S b/arch/x86/entry/entry_64.S')],
    ['with callbacks', diff('a/lib/a.c b/lib/a.c').replace('+new', '+KPATCH_PRE_PATCH_CALLBACK(f);')],
  ])('%s', (_, text) => expect(isKernelDiff(text)).toBe(true));

  it.each([
    ['nothing', ''],
    ['text', 'mm/slub.c is a file\n--- \n+++ \n'],
    ['code of another project', diff('a/src/main.c b/src/main.c')],
    ['one file among others', diff('a/mm/slub.c b/mm/slub.c', 'a/src/main.c b/src/main.c')],
    ['a package that carries a patch', diff('a/debian/patches/fix.patch b/debian/patches/fix.patch')],
    ['folders that everybody has', diff('a/lib/util.c b/lib/util.c', 'a/include/util.h b/include/util.h')],
    ['no code', diff('a/Documentation/mm/index.rst b/Documentation/mm/index.rst', 'a/net/Kconfig b/net/Kconfig')],
    ['JavaScript', diff('a/net/server.js b/net/server.js')],
    ['a removed line that looks like a name', diff('a/src/a.lua b/src/a.lua').replace('-old', '--- a/mm/slub.c')],
    ['names without a hunk', '--- a/mm/slub.c\n+++ b/mm/slub.c\n'],
  ])('is not %s', (_, text) => expect(isKernelDiff(text)).toBe(false));
});
