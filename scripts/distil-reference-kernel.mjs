/**
 * npm run reference-kernel: distils the built-in reference kernel anew, from Debian's 6.12 kernel in QEMU.
 * What it writes to data/reference-kernel is committed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const script = join(root, '.cache', 'distil-reference-kernel.mjs');

await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['scripts/reference-kernel/distil.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outfile: script,
  logLevel: 'warning',
  // The kernel runner finds the sources of the guest's programs beside itself.
  define: { 'import.meta.url': 'runnerUrl' },
  banner: {
    js: `const runnerUrl = ${JSON.stringify(new URL('../server/src/kernel-runner/x', import.meta.url).href)};`,
  },
});
const { status } = spawnSync(process.execPath, [script, root, join(root, '.cache', 'kernels')], { stdio: 'inherit' });
process.exit(status ?? 1);
