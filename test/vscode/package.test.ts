import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { openWindow } from './editor-window.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'livepatch-vsix-'));
const vsix = join(folder, 'kernel-livepatch.vsix');

/** Names of the files in a ZIP archive, from its central directory. */
function zipEntries(file: string): string[] {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'));
  const names: string[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    names.push(bytes.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names.sort();
}

describe('npm run package', () => {
  beforeAll(() => {
    const result = spawnSync(process.execPath, [join(root, 'scripts', 'package.mjs'), '--out', vsix], {
      encoding: 'utf8',
    });
    expect(result.stderr + result.stdout).not.toMatch(/failed/);
    expect(result.status).toBe(0);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes a .vsix under 3 MB', () => {
    expect(statSync(vsix).size).toBeLessThan(3 * 1024 * 1024);
  });

  it('packs what the extension needs and nothing else', () => {
    const entries = zipEntries(vsix)
      .filter((name) => name.startsWith('extension/'))
      .map((name) => name.slice('extension/'.length));
    const outside = (prefix: RegExp) => entries.filter((name) => !prefix.test(name));
    expect(
      outside(/^(?:dist|docs|client\/media|syntaxes|schemas)\//)
        .map((name) => name.toLowerCase())
        .sort(),
    ).toEqual(['changelog.md', 'license.txt', 'package.json', 'readme.md', 'samples/stalled.c']);
    expect(entries.filter((name) => name.startsWith('dist/'))).toEqual([
      'dist/cli.js',
      'dist/extension.js',
      'dist/fleet-worker.js',
      'dist/guest/agent.c',
      'dist/guest/agent.h',
      'dist/guest/clock.c',
      'dist/guest/files.c',
      'dist/guest/plan.c',
      'dist/guest/report.c',
      'dist/guest/steps.c',
      'dist/guest/task.c',
      'dist/language-client.js',
      'dist/reference-kernel/symbols.br',
      'dist/reference-kernel/types.br',
      'dist/server.js',
      'dist/tree-sitter-c.wasm',
      'dist/web-tree-sitter.wasm',
      'dist/webview/panel.js',
      'dist/webview/style.css',
    ]);
    for (const rule of RULES) expect(entries).toContain(`docs/rules/${rule.id}.md`);
    // Those of the README; other pages are read in the repository.
    const pictures = readdirSync(join(root, 'docs', 'images')).filter((name) => name.endsWith('.png'));
    for (const picture of pictures) expect(entries).toContain(`docs/images/${picture}`);
    expect(
      entries.filter(
        (name) =>
          /\.(?:ts|map|c|test\.js)$|node_modules|^(?:test|scripts|samples)\//.test(name) &&
          !name.startsWith('dist/guest/') &&
          name !== 'samples/stalled.c',
      ),
    ).toEqual([]);
  });

  it('packs every file that the manifest names', () => {
    const entries = new Set(zipEntries(vsix).map((name) => name.replace(/^extension\//, '')));
    const manifest = readFileSync(join(root, 'package.json'), 'utf8');
    const named = [...manifest.matchAll(/"(?:\.\/)?((?:dist|client|syntaxes|schemas|docs)\/[^"]+\.\w+)"/g)].map(
      (match) => match[1],
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !entries.has(name as string))).toEqual([]);
  });

  it('installs into VS Code and works there', async () => {
    const window = await openWindow({ samples: ['first-look.c'], vsix });
    try {
      await window.open('first-look.c');
      await window.goTo('struct klp_patch patch');
      await window.page.locator('.squiggly-error').first().waitFor();
      await window.page.locator('.codelens-decoration a').first().waitFor();
    } finally {
      await window.close();
    }
  });
});
