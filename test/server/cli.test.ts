import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor } from './support/editor.ts';
import { BAD_MODULE, GOOD_MODULE, PLAIN_C } from './support/modules.ts';

const KERNEL_DIFF = `--- a/kernel/a.c
+++ b/kernel/a.c
@@ -1,2 +1,3 @@
 struct work {
+\tint waiting;
 };
`;

let bundle: Bundle;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-cli-'));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => bundle.remove());

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in the test's folder. */
function run(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

function write(name: string, text: string): string {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
}

describe('check', () => {
  it('prints JSON with the place, the rule and what the kernel does, and exits 1 for errors', () => {
    const { status, out, err } = run('check', '--format', 'json', write('bad.c', BAD_MODULE));
    const findings = JSON.parse(out);
    expect(err).toBe('');
    expect(status).toBe(1);
    expect(findings.map(({ rule }: { rule: string }) => rule).sort()).toEqual([
      'funcs-missing-terminator',
      'missing-livepatch-modinfo',
    ]);
    const terminator = findings.find(({ rule }: { rule: string }) => rule === 'funcs-missing-terminator');
    expect(Object.keys(terminator)).toEqual(['file', 'range', 'rule', 'severity', 'message', 'kernel']);
    expect(terminator).toMatchObject({ file: 'bad.c', severity: 'error' });
    const { start } = terminator.range;
    const lines = BAD_MODULE.split('\n');
    expect(start.line).toBeGreaterThanOrEqual(lines.findIndex((line) => line.includes('klp_func funcs[]')));
    expect(lines[start.line]?.length).toBeGreaterThanOrEqual(start.character);
  });

  it('prints an empty array and exits 0 when there is nothing to say', () => {
    for (const text of [GOOD_MODULE, PLAIN_C]) {
      expect(run('check', '--format', 'json', write('good.c', text))).toEqual({ status: 0, out: '[]\n', err: '' });
    }
  });

  it('shows people the line, a caret under it, the kernel and the page, without colours in a pipe', () => {
    const { status, out } = run('check', write('bad.c', BAD_MODULE));
    expect(status).toBe(1);
    expect(out).toMatch(
      /^bad\.c:\d+:\d+: error: .* \[funcs-missing-terminator\]\n +\d+ \| .*\n +\| \s*\^+\n +kernel: /m,
    );
    expect(out).toContain('docs/rules/funcs-missing-terminator.md');
    expect(out).toMatch(/2 errors in 1 file\. 2 can be fixed with --fix\.\n$/);
    expect(out).not.toContain('\x1b');
  });

  it('searches folders, follows no links out of them, and leaves out what is no livepatch', () => {
    write('tree/a/bad.c', BAD_MODULE);
    write('tree/plain.c', PLAIN_C);
    write('tree/.git/hidden.c', BAD_MODULE);
    write('elsewhere/bad.c', BAD_MODULE);
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'tree', 'link'));
    const { status, out } = run('check', '--format', 'json', 'tree');
    expect(status).toBe(1);
    expect(new Set(JSON.parse(out).map(({ file }: { file: string }) => file))).toEqual(new Set(['tree/a/bad.c']));
  });

  it('reads the other units of a module, and reports each finding once', () => {
    const definition = /static int livepatch_cmdline[\s\S]*?\n}\n/.exec(GOOD_MODULE)?.[0] ?? '';
    const main = GOOD_MODULE.replace(definition, 'int livepatch_cmdline_proc_show(struct seq_file *m, void *v);\n');
    write('fix/Kbuild', 'obj-m := fix.o\nfix-y := main.o part.o\n');
    write('fix/main.c', main.replace('MODULE_INFO(livepatch, "Y");\n', ''));
    write('fix/part.c', `#include <linux/livepatch.h>\n${definition.replace('static ', '')}`);
    const { out } = run('check', '--format', 'json', 'fix');
    expect(JSON.parse(out).map(({ file, rule }: { file: string; rule: string }) => [file, rule])).toEqual([
      ['fix/main.c', 'missing-livepatch-modinfo'],
    ]);
  });

  it('fixes what can be fixed safely; a second time there is nothing left to do', () => {
    write('bad.c', BAD_MODULE);
    const first = run('check', '--fix', 'bad.c');
    expect(first.status).toBe(0);
    expect(first.out).toContain('2 findings fixed.');
    const fixed = readFileSync(join(folder, 'bad.c'), 'utf8');
    expect(fixed).toContain('MODULE_INFO(livepatch, "Y");');
    expect(run('check', '--fix', '--format', 'json', 'bad.c')).toEqual({ status: 0, out: '[]\n', err: '' });
    expect(readFileSync(join(folder, 'bad.c'), 'utf8')).toBe(fixed);
  });

  it('takes levels of rules and the kernel from its arguments', () => {
    write('bad.c', BAD_MODULE);
    const off = ['--rule', 'funcs-missing-terminator=off', '--rule', 'missing-livepatch-modinfo=warning'];
    const { status, out } = run('check', '--format', 'json', ...off, 'bad.c');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ rule: 'missing-livepatch-modinfo', severity: 'warning' }]);
    write('new.c', GOOD_MODULE.replace('\t.objs = objs,\n', '\t.objs = objs,\n\t.replace = true,\n'));
    const found = (kernel: string) => {
      const { out: json } = run('check', '--format', 'json', '--kernel-version', kernel, 'new.c');
      return (JSON.parse(json) as { readonly rule: string }[]).map(({ rule }) => rule);
    };
    expect(found('6.1')).toEqual([]);
    expect(found('4.19')).toEqual(['version-field-unsupported']);
  });

  it('checks diffs that are named, beside modules, and searches no folder for them', () => {
    const diff = (name: string) => write(name, KERNEL_DIFF);
    const named = run('check', '--format', 'json', diff('fix/a.patch'), write('fix/bad.c', BAD_MODULE), diff('b.DIFF'));
    expect(named.err).toBe('');
    expect(named.status).toBe(1);
    const found: { file: string; rule: string }[] = JSON.parse(named.out);
    expect(found.filter(({ rule }) => rule.startsWith('diff-'))).toMatchObject(
      ['fix/a.patch', 'b.DIFF'].map((file) => ({
        file,
        rule: 'diff-structure-members',
        severity: 'warning',
        range: { start: { line: 4, character: 2 }, end: { line: 4, character: 14 } },
      })),
    );
    expect(found.map(({ file }) => file)).toContain('fix/bad.c');
    const searched: { file: string }[] = JSON.parse(run('check', '--format', 'json', 'fix').out);
    expect(new Set(searched.map(({ file }) => file))).toEqual(new Set(['fix/bad.c']));
  });

  it('shows people the line of a diff, takes levels, and says when there is no diff', () => {
    write('a.patch', KERNEL_DIFF);
    const { status, out } = run('check', 'a.patch');
    expect(status).toBe(0);
    expect(out).toMatch(
      /^a\.patch:5:3: warning: .* \[diff-structure-members\]\n +5 \| \+\tint waiting;\n +\| \s*\^{12}\n/,
    );
    expect(out).toContain('docs/diffs.md');
    expect(out).toMatch(/1 warning in 1 file\.\n$/);
    expect(run('check', '--rule', 'diff-structure-members=error', 'a.patch').status).toBe(1);
    expect(run('check', '--format', 'json', '--rule', 'diff-structure-members=off', 'a.patch').out).toBe('[]\n');
    // A level for diffs is no unknown rule to a module.
    write('good.c', GOOD_MODULE);
    expect(run('check', '--format', 'json', '--rule', 'diff-init-code=off', 'good.c').out).toBe('[]\n');
    expect(run('check', write('empty.patch', 'no diff\n'))).toMatchObject({
      status: 2,
      err: 'livepatch-ls: empty.patch: there is no unified diff in it\n',
    });
  });

  it.each([
    [['check'], 'needs a FILE'],
    [['check', '--format', 'xml', 'x.c'], '--format is "xml"'],
    [['check', '--kernel-version', 'new', 'x.c'], '--kernel-version is "new"'],
    [['check', '--rule', 'no-such-rule=off', 'x.c'], 'there is no such rule'],
    [['check', '--rule', 'missing-module-exit=loud', 'x.c'], 'loud'],
    [['check', '--frobnicate', 'x.c'], '--frobnicate'],
    [['check', 'missing.c'], 'missing.c: there is no such file'],
    [['simulate'], 'needs a FILE'],
    [['simulate', 'missing.c'], "missing.c can't be read"],
    [['simulate', '--seed', '-1', 'x.c'], 'seed'],
    [['simulate', '--workload', 'toaster', 'x.c'], 'toaster'],
    [['dance'], 'no command "dance"'],
    [[], 'No command'],
  ])('%j: exit status 2 and what is wrong', (args, complaint) => {
    const { status, out, err } = run(...args);
    expect(err).toContain(complaint);
    expect(status).toBe(2);
    expect(out).toBe('');
  });

  it('still reports the other files when one can not be read', () => {
    write('bad.c', BAD_MODULE);
    const { status, out, err } = run('check', '--format', 'json', 'missing.c', 'bad.c');
    expect(status).toBe(2);
    expect(err).toContain('missing.c');
    expect(JSON.parse(out)).toHaveLength(2);
  });

  it('says when it can not write a fixed file', () => {
    write('bad.c', BAD_MODULE);
    chmodSync(join(folder, 'bad.c'), 0o444);
    const { status, err } = run('check', '--fix', 'bad.c');
    // Root may write anything.
    expect([status, err]).toEqual(
      process.getuid?.() === 0 ? [0, ''] : [2, expect.stringContaining('permission denied')],
    );
  });
});

describe('simulate', () => {
  it('prints the whole trace of a run; the same seed gives the same bytes', () => {
    write('good.c', GOOD_MODULE);
    const first = run('simulate', '--format', 'json', '--seed', '7', 'good.c');
    const trace: Trace = JSON.parse(first.out);
    expect(first.status).toBe(0);
    expect(trace).toMatchObject({
      format: 'livepatch-trace-1',
      options: { seed: 7, workload: 'web-server', kernel: '6.12' },
    });
    expect(trace.events.some((event) => event.type === 'patch-state')).toBe(true);
    expect(run('simulate', '--format', 'json', '--seed', '7', 'good.c').out).toBe(first.out);
    expect(run('simulate', '--format', 'json', '--seed', '8', 'good.c').out).not.toBe(first.out);
  });

  it('prints the log as dmesg does', () => {
    write('good.c', GOOD_MODULE);
    const { status, out } = run('simulate', '--format', 'log', 'good.c');
    expect(status).toBe(0);
    for (const line of out.trimEnd().split('\n')) expect(line).toMatch(/^\[ {0,4}\d+\.\d{6}\] \S/);
    expect(out).toMatch(/\] livepatch: enabling patch 'good'\n/);
    expect(out).toMatch(/\] livepatch: 'good': patching complete\n$/);
  });

  it('shows people the forecast, who waits, a timeline and the log', () => {
    write('sleepy.c', GOOD_MODULE.replace('"cmdline_proc_show"', '"__x64_sys_epoll_wait"'));
    const { status, out } = run('simulate', '--seeds', '5', 'sleepy.c');
    expect(status).toBe(0);
    expect(out).toMatch(/^Loading sleepy on Linux 6\.12/);
    expect(out).toMatch(/Finishes in 1\d\.\d s/);
    expect(out).toMatch(/^ {2}- .* sleeps in __x64_sys_epoll_wait\(\); the signal wakes it/m);
    expect(out).toMatch(/#{10,}/);
    expect(out).toContain('livepatch: signaling remaining tasks');
    expect(out).not.toContain('\x1b');
  });

  it('picks a patch by its name, and says which one it took', () => {
    write(
      'two.c',
      GOOD_MODULE.replace(
        'static struct klp_patch patch',
        'static struct klp_patch second = {\n\t.mod = THIS_MODULE,\n\t.objs = objs,\n\t.replace = true,\n};\n\nstatic struct klp_patch patch',
      ),
    );
    expect(run('simulate', '--format', 'log', 'two.c').err).toContain(
      'several patches (second, patch); this is second',
    );
    expect(run('simulate', '--format', 'log', '--patch', 'patch', 'two.c')).toMatchObject({ status: 0, err: '' });
    expect(run('simulate', '--patch', 'third', 'two.c')).toMatchObject({ status: 2 });
  });

  it('refuses a file without a patch', () => {
    const { status, err } = run('simulate', write('plain.c', PLAIN_C));
    expect(status).toBe(2);
    expect(err).toContain('plain.c has no klp_patch');
  });
});

describe('livepatch-ls', () => {
  it('explains itself', () => {
    expect(run('--help')).toMatchObject({ status: 0, err: '' });
    expect(run('--help').out).toContain('livepatch-ls check');
    expect(run('--version')).toMatchObject({ status: 0, out: expect.stringMatching(/^livepatch-ls \S+\n$/) });
  });

  it('serves an editor', async () => {
    const editor = await Editor.start(bundle.cli, {}, ['server']);
    expect(editor.result.serverInfo?.name).toBe('Kernel Livepatch');
    await editor.open('file:///nowhere/bad.c', BAD_MODULE);
    expect(await editor.diagnostics('file:///nowhere/bad.c')).toHaveLength(2);
    expect(await editor.stop()).toBe(0);
  });

  it('ends quietly when nobody reads on', () => {
    write('bad.c', BAD_MODULE);
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"$0" "$1" simulate --format json bad.c | head -c 10 >/dev/null; exit $?`, process.execPath, bundle.cli],
      { cwd: folder, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
  });
});
