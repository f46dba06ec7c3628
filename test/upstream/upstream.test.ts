import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModule } from '../../server/src/analysis/read-module.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import type { LivepatchModule } from '../../shared/src/model/index.ts';
import { parser } from '../support/parser.ts';
import { cFilesBelow, unpackKernelSource } from './kernel-source.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What `check --format json` prints of one finding. */
interface PrintedFinding {
  readonly file: string;
  readonly range: unknown;
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
  readonly kernel: string;
}

/** C files of samples and selftests that are no livepatches: modules to be patched, and a program. */
const TARGETS =
  /^(?:test_klp_callbacks_(?:mod|busy)|livepatch-callbacks-(?:busy)?mod|livepatch-shadow-mod|test_klp-call_getpid|test_klp_kprobe|test_klp_mod_target)\.c$/;
/** Those that get their klp_patch by including another C file. */
const INCLUDES: Readonly<Record<string, string>> = { 'test_klp_state3.c': 'test_klp_state2.c' };

describe.each(['6.1', '6.12'] as const)("Linux %s's own livepatch modules", (series) => {
  const files = cFilesBelow(unpackKernelSource(series));

  it('are all there', () => {
    expect(files.length).toBeGreaterThanOrEqual(15);
    const names = files.map((file) => basename(file));
    for (const name of [
      'livepatch-sample.c',
      'livepatch-shadow-fix1.c',
      'test_klp_atomic_replace.c',
      'test_klp_state3.c',
    ]) {
      expect(names).toContain(name);
    }
  });

  it('pass the command line without an error', () => {
    const { status, findings } = check(series, files);
    // They are in use everywhere: whatever is more than information would be a false alarm of ours.
    const alarms = findings.filter(({ severity }) => severity === 'error' || severity === 'warning');
    expect(alarms).toEqual([]);
    expect(status).toBe(0);
  });

  it('are really looked at: a mistake in one of them is found', () => {
    const folder = mkdtempSync(join(tmpdir(), 'livepatch-upstream-'));
    try {
      const sample = files.find((file) => basename(file) === 'livepatch-sample.c') as string;
      const changed = join(folder, basename(sample));
      writeFileSync(changed, readFileSync(sample, 'utf8').replace(/^MODULE_INFO\(livepatch.*$/m, ''));
      const { status, findings } = check(series, [changed]);
      expect(findings.map(({ rule, severity }) => `${severity}: ${rule}`)).toEqual([
        'error: missing-livepatch-modinfo',
      ]);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(files.map((file) => [basename(file), file] as const))('%s is read for what it is', (name, file) => {
    const module = read(file);
    if (TARGETS.test(name)) return expect(module.role).toBe('none');
    // It calls the shadow variable API and is not loaded as a livepatch.
    if (name === 'test_klp_shadow_vars.c') return expect(module.role).toBe('helper');
    expect(module.role).toBe('livepatch');
    const [patch] = module.patches;
    expect(patch?.objs.kind).toBe('known');
    const objects = patch?.objs.kind === 'known' ? patch.objs.table.entries.filter((entry) => !entry.terminator) : [];
    expect(objects.length).toBeGreaterThan(0);
    expect(module.init).toHaveLength(1);
    expect(module.exit).toHaveLength(1);
  });
});

/** The built command line on these files. It must not say anything but its findings. */
function check(kernel: string, files: readonly string[]): { status: number | null; findings: PrintedFinding[] } {
  const args = [CLI, 'check', '--format', 'json', '--kernel-version', kernel, ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return { status, findings: JSON.parse(stdout) };
}

function read(file: string): LivepatchModule {
  const name = basename(file);
  const paths = [file, ...(INCLUDES[name] ? [join(dirname(file), INCLUDES[name])] : [])];
  const units = paths.map((path) => new SourceUnit(parser, path, readFileSync(path, 'utf8')));
  try {
    return readModule(units, { name: name.replace(/\.c$/, ''), missing: [] });
  } finally {
    for (const unit of units) unit.dispose();
  }
}
