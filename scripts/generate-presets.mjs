/**
 * Writes shared/src/simulator/workloads/recorded-*.ts and server/src/capture/hidden-frames.ts from
 * test/fixtures/captures/servers: `npm run presets`. Unit tests fail when they are not up to date.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = join(root, '.cache/presets.mjs');

// TypeScript, which Node 20 does not read by itself. The presets need the reader of recordings, and that needs the first.
for (const step of ['write-hidden-frames', 'write-presets']) {
  await build({
    absWorkingDir: root,
    entryPoints: [`scripts/presets/${step}.ts`],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  const { writeHiddenFrames, writePresets } = await import(`${pathToFileURL(bundle).href}?${step}`);
  for (const path of await (writeHiddenFrames ?? writePresets)(root)) console.log(path);
}
