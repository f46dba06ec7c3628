import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { WORKSPACE_SETTINGS } from './editor-window.ts';
import type { JourneyResult } from './suite/journey.ts';

/**
 * The journeys of suite/ run in the extension host of a real VS Code, in one window: here they are told one by one.
 * VSCODE_EXECUTABLE names a desktop VS Code to run them in instead of the one in the browser.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));

async function runJourneys(): Promise<readonly JourneyResult[]> {
  const suite = join(root, '.cache', 'vscode-suite', 'index.js');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/vscode/suite/index.ts'],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-journeys-'));
  const results = join(folder, 'results.json');
  const workspace = join(folder, 'workspace');
  mkdirSync(join(workspace, '.vscode'), { recursive: true });
  writeFileSync(join(workspace, '.vscode', 'settings.json'), JSON.stringify(WORKSPACE_SETTINGS));
  try {
    await runTests({
      vscodeExecutablePath: process.env.VSCODE_EXECUTABLE ?? join(root, 'test', 'vscode', 'browser-vscode.mjs'),
      extensionDevelopmentPath: root.replace(/\/$/, ''),
      extensionTestsPath: suite,
      extensionTestsEnv: { LIVEPATCH_TEST_RESULTS: results },
      launchArgs: [
        workspace,
        `--user-data-dir=${join(folder, 'user')}`,
        `--extensions-dir=${join(folder, 'extensions')}`,
      ],
    });
    if (!existsSync(results)) throw new Error('VS Code ended without a word about the journeys.');
    return JSON.parse(readFileSync(results, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results = await runJourneys();

describe('in VS Code', () => {
  it.each(results.map((result) => [result.name, result] as const))('%s', (_name, { error }) => {
    expect(error).toBeNull();
  });
});
