import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import type { Kernel } from '../../server/src/kernel-runner/find-kernel.ts';

/** What stands for kbuild: a module is a copy of its source, with the kernel's symbols behind it. */
const MAKEFILE = `
modules:
	for source in $(M)/*/*.c; do cat $$source Module.symvers >$\${source%.c}.ko; done
`;
const SOURCE = { name: 'lp', files: { 'lp.c': 'int x;\n' } };

let root: string;
let tree: Kernel;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'klp-build-test-'));
  const build = join(root, 'linux');
  await mkdir(build);
  await writeFile(join(build, 'Makefile'), MAKEFILE);
  await writeFile(join(build, 'Module.symvers'), 'symbols\n');
  tree = { version: '6.12', release: '6.12.0', image: join(root, 'linux/bzImage'), build, modules: '' };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function build(kernel: Kernel): Promise<{ text: string; built: boolean }> {
  const said: string[] = [];
  const cache = join(root, 'cache');
  const module = (await buildModules(kernel, [SOURCE], { cache, progress: (text) => said.push(text) })).get('lp');
  if (!module?.ok) throw new Error(module?.errors);
  return { text: await readFile(module.ko, 'utf8'), built: said.length > 0 };
}

it('builds a module once', async () => {
  expect(await build(tree)).toEqual({ text: 'int x;\nsymbols\n', built: true });
  expect(await build(tree)).toEqual({ text: 'int x;\nsymbols\n', built: false });
});

it("builds it again for one's own kernel that was built again under the same release", async () => {
  await build(tree);
  await writeFile(join(tree.build, 'Module.symvers'), 'others\n');
  expect(await build(tree)).toEqual({ text: 'int x;\nothers\n', built: true });
});

it('says what was wrong with one that can not be built', async () => {
  await writeFile(join(tree.build, 'Makefile'), 'modules:\n\techo "$(M)/lp/lp.c:1:1: error: no" >&2; false\n');
  await expect(build(tree)).rejects.toThrow('lp.c:1:1: error: no');
});

it('keeps nothing of a build that somebody ended', async () => {
  await writeFile(join(tree.build, 'Makefile'), 'modules:\n\tkill -9 $$PPID; sleep 1\n');
  await expect(build(tree)).rejects.toThrow('make was ended by a signal.');
  await writeFile(join(tree.build, 'Makefile'), MAKEFILE);
  expect(await build(tree)).toEqual({ text: 'int x;\nsymbols\n', built: true });
});
