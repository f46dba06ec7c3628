import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

const require = createRequire(import.meta.url);
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What ships, built as it ships, in a folder of its own outside the repository. */
export interface Bundle {
  readonly folder: string;
  readonly server: string;
  readonly cli: string;
  remove(): void;
}

export async function buildBundle(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-bundle-'));
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: {
      server: 'server/src/server.ts',
      cli: 'server/src/cli/main.ts',
      'fleet-worker': 'server/src/cli/fleet/fleet-worker.ts',
    },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    alias: {
      'web-tree-sitter': require.resolve('web-tree-sitter').replace(/\.js$/, '.cjs'),
      'jsonc-parser': require.resolve('jsonc-parser').replace(/\bumd\b/, 'esm'),
    },
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    loader: { '.sh': 'text' },
    logLevel: 'warning',
  });
  copyFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm'), join(folder, 'web-tree-sitter.wasm'));
  copyFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm'), join(folder, 'tree-sitter-c.wasm'));
  cpSync(join(ROOT, 'data/reference-kernel'), join(folder, 'reference-kernel'), { recursive: true });
  cpSync(join(ROOT, 'server/src/kernel-runner/guest'), join(folder, 'guest'), { recursive: true });
  return {
    folder,
    server: join(folder, 'server.js'),
    cli: join(folder, 'cli.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
