import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOnly, importsOf, projectFiles, readProjectFile } from './source-files.ts';

interface Layer {
  /** A folder or a file: the longest one that a file stands in is its layer. */
  readonly path: string;
  /** Other layers that it may import. Its own files it always may. */
  readonly layers: readonly string[];
  /** npm packages and Node modules that it may import; `node:` stands for all of Node. */
  readonly packages: readonly string[];
  /** Same inputs, same bytes: no clock, no environment, no random source, no timers. */
  readonly pure: boolean;
}

const SHARED = [
  'shared/src',
  'shared/src/model',
  'shared/src/simulator',
  'shared/src/scenario',
  'shared/src/picture',
  'shared/src/fleet',
  'shared/src/comparison',
];
const LSP = ['vscode-languageserver', 'vscode-languageserver-textdocument', 'vscode-uri'];

/** Who may know whom (docs/architecture.md). Arrows go down only. */
const LAYERS: readonly Layer[] = [
  { path: 'shared/src/model', layers: [], packages: [], pure: true },
  { path: 'shared/src/simulator', layers: ['shared/src/model'], packages: [], pure: true },
  {
    path: 'shared/src/comparison',
    layers: ['shared/src/simulator', 'shared/src/model'],
    packages: [],
    pure: true,
  },
  {
    path: 'shared/src/picture',
    layers: ['shared/src/comparison', 'shared/src/simulator', 'shared/src/model'],
    packages: [],
    pure: true,
  },
  { path: 'shared/src/scenario', layers: ['shared/src/simulator', 'shared/src/model'], packages: [], pure: true },
  {
    path: 'shared/src/fleet',
    layers: ['shared/src/picture', 'shared/src/simulator', 'shared/src/model'],
    packages: [],
    pure: true,
  },
  { path: 'shared/src', layers: SHARED, packages: [], pure: true },
  { path: 'server/src/kernel', layers: ['shared/src/model'], packages: [], pure: true },
  {
    path: 'server/src/analysis',
    layers: ['server/src/kernel', 'shared/src/model'],
    packages: ['web-tree-sitter'],
    pure: true,
  },
  {
    path: 'server/src/workspace',
    layers: ['server/src/analysis', 'server/src/kernel', ...SHARED],
    packages: ['node:'],
    pure: false,
  },
  {
    path: 'server/src/features',
    layers: ['server/src/workspace', 'server/src/capture', 'server/src/analysis', 'server/src/kernel', ...SHARED],
    packages: ['node:', ...LSP],
    pure: false,
  },
  {
    path: 'server/src/server.ts',
    layers: [
      'server/src/features',
      'server/src/capture',
      'server/src/workspace',
      'server/src/analysis',
      'server/src/kernel',
      ...SHARED,
    ],
    packages: ['node:', ...LSP],
    pure: false,
  },
  {
    path: 'server/src/scenario',
    layers: ['server/src/analysis', 'server/src/kernel', ...SHARED],
    packages: ['jsonc-parser'],
    pure: true,
  },
  {
    path: 'server/src/capture',
    layers: ['shared/src/model', 'shared/src/simulator'],
    packages: [],
    pure: true,
  },
  {
    path: 'server/src/cli',
    layers: [
      'server/src/workspace',
      'server/src/capture',
      'server/src/scenario',
      'server/src/kernel-runner',
      'server/src/analysis',
      'server/src/kernel',
      ...SHARED,
    ],
    packages: ['node:'],
    pure: false,
  },
  {
    path: 'server/src/kernel-runner',
    layers: ['server/src/analysis', 'server/src/kernel', ...SHARED],
    packages: ['node:'],
    pure: false,
  },
  { path: 'client/src', layers: SHARED, packages: ['vscode', 'vscode-languageclient', 'node:'], pure: false },
  { path: 'client/webview', layers: SHARED, packages: [], pure: false },
];

/** Imports that go another way, `file -> import`, each with its reason. To be paid back; the list only gets shorter. */
const DEBTS: Readonly<Record<string, string>> = {};

const FORBIDDEN_IN_PURE = [
  /\bDate\b/,
  /\bMath\s*\.\s*random\b/,
  /\bprocess\s*\./,
  /\bperformance\s*\./,
  /\bcrypto\s*\./,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)\s*\(/,
  /\b(?:globalThis|localStorage|navigator)\b/,
];
const PRINTS =
  /(?<![.\w])console\s*\.\s*(?:log|info|warn|error|debug|trace|table|dir)\b|\bprocess\s*\.\s*(?:stdout|stderr)\s*\.\s*write\b/;
/** Those that a terminal is the output of. */
const MAY_PRINT = ['server/src/cli'];

const sources = projectFiles().filter((path) => /^(?:shared|server|client)\/.*\.ts$/.test(path));

function layerOf(path: string): Layer | undefined {
  return LAYERS.filter((layer) => path === layer.path || path.startsWith(`${layer.path}/`)).sort(
    (a, b) => b.path.length - a.path.length,
  )[0];
}

function allows(layer: Layer, file: string, imported: string): boolean {
  if (imported.startsWith('.')) {
    const target = layerOf(posix.join(posix.dirname(file), imported));
    return target === layer || (target !== undefined && layer.layers.includes(target.path));
  }
  return layer.packages.some((name) =>
    name.endsWith(':') ? imported.startsWith(name) : imported === name || imported.startsWith(`${name}/`),
  );
}

describe('layers', () => {
  it('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  it('has a layer for every source file', () => {
    expect(sources.filter((file) => !layerOf(file))).toEqual([]);
  });

  it('imports only what the layer may know', () => {
    const wrong = sources.flatMap((file) => {
      const layer = layerOf(file);
      return importsOf(readProjectFile(file))
        .filter((imported) => layer && !allows(layer, file, imported))
        .map((imported) => `${file} -> ${imported}`);
    });
    expect(wrong).toEqual(Object.keys(DEBTS));
  });

  it('keeps clocks, environment, timers and chance out of the pure layers', () => {
    const wrong = sources
      .filter((file) => layerOf(file)?.pure)
      .flatMap((file) => {
        const code = codeOnly(readProjectFile(file));
        return FORBIDDEN_IN_PURE.filter((pattern) => pattern.test(code)).map((pattern) => `${file}: ${pattern}`);
      });
    expect(wrong).toEqual([]);
  });

  it('prints in the command line only', () => {
    const wrong = sources.filter(
      (file) => !MAY_PRINT.includes(layerOf(file)?.path ?? '') && PRINTS.test(codeOnly(readProjectFile(file))),
    );
    expect(wrong).toEqual([]);
  });
});

describe('what these tests look at', () => {
  it('sees imports in every form', () => {
    const text = [
      "import { a } from 'one';",
      "import type { B } from './two.ts';",
      "export * from './three.ts';",
      "import './four.css';",
      'import {\n  c,\n  d,\n} from "five";',
      "const six = await import('six');",
      "const text = 'from';",
    ].join('\n');
    expect(importsOf(text)).toEqual(['one', './two.ts', './three.ts', './four.css', 'five', 'six']);
  });

  it('reads code and neither comments nor strings', () => {
    const text = [
      '// Date',
      "const a = 'Date'; /* Date */",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
      'const b = `Date ${Math.random() + `${x} Date`} Date`;',
      "const c = /Date[/]'/.test(y); const d = 4 / 2; // Date",
    ].join('\n');
    const code = codeOnly(text);
    expect(code).not.toContain('Date');
    expect(code).toContain('Math.random()');
    expect(code).toContain('4 / 2');
  });

  it('takes the innermost layer', () => {
    expect(layerOf('shared/src/simulator/workloads/index.ts')?.path).toBe('shared/src/simulator');
    expect(layerOf('shared/src/protocol.ts')?.path).toBe('shared/src');
  });

  it('refuses what must not be', () => {
    const refused = (file: string, imported: string) => !allows(layerOf(file) as Layer, file, imported);
    expect(refused('server/src/analysis/check.ts', 'vscode-languageserver')).toBe(true);
    expect(refused('server/src/analysis/check.ts', 'node:fs')).toBe(true);
    expect(refused('shared/src/simulator/core.ts', '../picture/lanes.ts')).toBe(true);
    expect(refused('client/src/extension.ts', '../../server/src/analysis/check.ts')).toBe(true);
    expect(refused('server/src/features/hover/hover.ts', '../../analysis/check.ts')).toBe(false);
  });
});
