import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../../shared/src/comparison/comparison-types.ts';
import type { PolicyComparison } from '../../shared/src/comparison/policies.ts';
import { COMPARE_REQUEST, type CompareResult } from '../../shared/src/protocol.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor } from './support/editor.ts';
import { GOOD_MODULE, PLAIN_C } from './support/modules.ts';

let bundle: Bundle;
let folder: string;
beforeAll(async () => {
  bundle = await buildBundle();
  folder = mkdtempSync(join(tmpdir(), 'livepatch-compare-'));
  writeFileSync(join(folder, 'good.c'), GOOD_MODULE);
  writeFileSync(join(folder, 'plain.c'), PLAIN_C);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  return bundle.remove();
});

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.cli, 'compare', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

describe('livepatch-ls compare', () => {
  it('prints a table of all models and what each is based on', () => {
    const { status, out } = run('good.c');
    expect(status).toBe(0);
    expect(out).toMatch(/^ +over after +stands still/m);
    for (const title of ['Hybrid, Linux 6.12', 'kGraft', 'kpatch', 'Park everything', 'Checkpoint, kexec, restore']) {
      expect(out).toContain(title);
    }
    expect(out).toContain('This model is compared with real kernels of this version.');
    expect(out).toContain('Built from documents; not run on a kernel here.');
  });

  it('takes rows with parameters and variants, as JSON', () => {
    const model = ['--model', 'kpatch:stopTime=40000;attempts=2', '--model', 'kgraft:kthreads=annotated'];
    const { status, out } = run('--format', 'json', ...model, '--workload', 'database', '--seeds', '3', 'good.c');
    expect(status).toBe(0);
    const comparison = JSON.parse(out) as Comparison;
    expect(comparison.rows.map((row) => [row.title, row.seeds?.runs])).toEqual([
      ['kpatch (stopTime: 40 ms, attempts: 2)', 3],
      ['kGraft (kthreads: annotated)', 3],
    ]);
    expect(comparison.workload.id).toBe('database');
  });

  it('compares replace policies when other patches are there before', () => {
    const cumulative = GOOD_MODULE.replace(/\.objs = objs,/, '.objs = objs,\n\t.replace = true,');
    expect(cumulative).toContain('.replace = true');
    writeFileSync(join(folder, 'next.c'), cumulative);
    const { status, out } = run('--installed', 'good.c', 'next.c');
    expect(status).toBe(0);
    expect(out).toMatch(/^next on a machine with good /);
    expect(out).toContain('Disable all others, then load it');
    expect(out).toContain('runs unfixed for');
    expect(out).toContain(', never merged');
    const policies = JSON.parse(run('--format', 'json', '--installed', 'good.c', 'next.c').out) as PolicyComparison;
    expect(policies.rows[0]).toMatchObject({ policy: 'released', order: 'load', outcome: 'done', unfixed: [] });
    expect(run('--installed', 'good.c', '--model', 'kpatch', 'next.c').status).toBe(2);
  });

  it('draws the picture', () => {
    expect(run('--format', 'svg', '--model', 'kpatch', 'good.c').out).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  it.each([
    [[], 'needs one FILE'],
    [['plain.c'], 'no klp_patch'],
    [['--model', 'kexec', 'good.c'], 'it can be hybrid'],
    [['--model', 'kgraft:signal=real', 'good.c'], 'it can be fake, stop-cont, none'],
    [['--model', 'kgraft:noise=1', 'good.c'], 'has no "noise"; it has kthreads, signal'],
    [['--model', 'kpatch:attempts=0', 'good.c'], 'whole number from 1'],
    [['--format', 'log', 'good.c'], 'pretty, json, svg'],
  ])('refuses %j', (args, message) => {
    const { status, err } = run(...args);
    expect(status).toBe(2);
    expect(err).toContain(message);
  });
});

describe('the compare request', () => {
  const uri = 'file:///nowhere/module.c';
  let editor: Editor;
  afterEach(() => editor?.stop());

  it('answers with rows for the document as it is', async () => {
    editor = await Editor.start(bundle.server, {});
    await editor.open(uri, GOOD_MODULE);
    const answer = await editor.request<CompareResult>(COMPARE_REQUEST, uri, { workload: 'database', seed: 3 });
    expect(answer).toMatchObject({ workload: { id: 'database' }, seed: 3 });
    expect(answer?.rows.length).toBeGreaterThan(8);
    const one = { choices: [{ model: 'kpatch' }] };
    expect((await editor.request<CompareResult>(COMPARE_REQUEST, uri, one))?.rows).toHaveLength(1);
  });

  it('answers with null where there is nothing to compare', async () => {
    editor = await Editor.start(bundle.server, {});
    await editor.open(uri, PLAIN_C);
    expect(await editor.request(COMPARE_REQUEST, uri)).toBeNull();
  });
});
