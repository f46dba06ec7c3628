/** Bundles everything that ships: `node esbuild.mjs [--production] [--watch] [--out=FOLDER]`, into `dist` unless told. */
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const out = process.argv.find((flag) => flag.startsWith('--out='))?.slice('--out='.length) ?? 'dist';
const root = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: production,
  sourcemap: !production,
  logLevel: 'warning',
};

/** @type {esbuild.BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  // web-tree-sitter's ES module asks for import.meta.url, which a CommonJS bundle does not have.
  alias: {
    'web-tree-sitter': require.resolve('web-tree-sitter').replace(/\.js$/, '.cjs'),
    // Its CommonJS build asks for its parts in a way that no bundler sees.
    'jsonc-parser': require.resolve('jsonc-parser').replace(/\bumd\b/, 'esm'),
  },
  loader: { '.sh': 'text' },
};

/**
 * The language client is a bundle of its own, loaded with the first livepatch document: activation is for every C file.
 * @type {esbuild.Plugin}
 */
const lazyLanguageClient = {
  name: 'lazy-language-client',
  setup(build) {
    build.onResolve({ filter: /\/language-client\.ts$/ }, (args) =>
      args.kind === 'dynamic-import' ? { path: './language-client.js', external: true } : undefined,
    );
  },
};

/** @type {esbuild.BuildOptions[]} */
const bundles = [
  {
    ...node,
    entryPoints: { extension: 'client/src/extension.ts', 'language-client': 'client/src/language-client.ts' },
    outdir: out,
    // VS Code answers require('vscode'); a native import() would not ask it.
    supported: { 'dynamic-import': false },
    plugins: [lazyLanguageClient],
  },
  { ...node, entryPoints: { server: 'server/src/server.ts' }, outdir: out },
  {
    ...node,
    entryPoints: { cli: 'server/src/cli/main.ts', 'fleet-worker': 'server/src/cli/fleet/fleet-worker.ts' },
    outdir: out,
    // The kernel runner finds the sources of the guest's programs beside itself.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "#!/usr/bin/env node\nconst bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  },
  {
    ...common,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    entryPoints: { 'webview/panel': 'client/webview/panel.ts', 'webview/style': 'client/webview/panel.css' },
    outdir: out,
  },
];

await rm(`${root}${out}`, { recursive: true, force: true });
await mkdir(`${root}${out}`, { recursive: true });
await copyFile(require.resolve('web-tree-sitter/web-tree-sitter.wasm'), `${root}${out}/web-tree-sitter.wasm`);
await copyFile(require.resolve('tree-sitter-c/tree-sitter-c.wasm'), `${root}${out}/tree-sitter-c.wasm`);
await cp(`${root}data/reference-kernel`, `${root}${out}/reference-kernel`, { recursive: true });
await cp(`${root}server/src/kernel-runner/guest`, `${root}${out}/guest`, { recursive: true });
if (watch) {
  for (const bundle of bundles) await (await esbuild.context(bundle)).watch();
} else {
  await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
}
