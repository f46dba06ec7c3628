import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hover, Location, MarkupContent } from 'vscode-languageserver/node';
import { btfBlob } from '../support/btf-blob.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, fileUri, RICH } from './support/editor.ts';

// One module with five mistakes. The more is known of the target kernel, the more of them are found and the surer they are.

let bundle: Bundle;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
  folder = mkdtempSync(join(tmpdir(), 'livepatch-levels-'));
  files = {
    module: write('fix.c', MODULE),
    kallsyms: write('kallsyms', kallsyms()),
    filter: write('available_filter_functions', FILTER_FUNCTIONS.join('\n').concat('\n')),
    btf: write('btf/vmlinux', BTF),
    source: sourceTree(),
  };
});
afterAll(() => {
  bundle.remove();
  rmSync(folder, { recursive: true, force: true });
});

const MODULE = `#include <linux/module.h>
#include <linux/livepatch.h>

static int one(void) { return 0; }
static int two(struct kobject *kobj) { return 0; }
static int three(const char *text, unsigned int *number) { return 0; }
static void four(struct task_struct *task, int more) { }
static int five(struct vc_data *vc) { return 0; }

static struct klp_func funcs[] = {
	{ .old_name = "folio_mark_dirt", .new_func = one, },
	{ .old_name = "event_show", .new_func = two, },
	{ .old_name = "match_uint", .new_func = three, },
	{ .old_name = "proc_fork_connector", .new_func = four, },
	{ .old_name = "con_clear_unimap", .new_func = five, },
	{ }
};
static struct klp_object objs[] = {
	{ .funcs = funcs, },
	{ }
};
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, };

static int fix_init(void) { return klp_enable_patch(&patch); }
static void fix_exit(void) { }
module_init(fix_init);
module_exit(fix_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;

let files: Record<'module' | 'kallsyms' | 'filter' | 'btf' | 'source', string>;

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Some hundred lines of what a 6.12 kernel showed: all symbols of some names. */
function kallsyms(): string {
  const path = new URL('../fixtures/kernel-symbols/6.12.json', import.meta.url);
  const { kallsyms: lines } = JSON.parse(readFileSync(path, 'utf8')) as { kallsyms: string[] };
  return ['ffffffff93e00000 T _text', ...lines].join('\n').concat('\n');
}

/** What that kernel's ftrace can hook of the functions in question. */
const FILTER_FUNCTIONS = ['folio_mark_dirty', 'event_show', 'proc_fork_connector', 'con_clear_unimap'];

/** `void proc_fork_connector(struct task_struct *task)` */
const BTF = btfBlob([
  { kind: 'struct', name: 'task_struct', size: 8, members: [] },
  { kind: 'ptr', type: 1 },
  { kind: 'proto', type: 0, parameters: [{ name: 'task', type: 2 }] },
  { kind: 'func', name: 'proc_fork_connector', type: 3 },
]);

/** No kernel's source but one of the same form: a file that runs a function of the module's as a thread, and one `notrace`. */
function sourceTree(): string {
  write('linux/Kbuild', '');
  write('linux/Kconfig', '');
  write('linux/kernel/livepatch/core.c', '');
  write('linux/lib/match.c', 'notrace int match_uint(const char *text, unsigned int *number)\n{\n\treturn 0;\n}\n');
  const thread =
    'int con_clear_unimap(void *vc)\n{\n\treturn 0;\n}\n\nint start(void)\n{\n\tkthread_run(con_clear_unimap, 0, "vc");\n\treturn 0;\n}\n';
  write('linux/drivers/tty/vt.c', thread);
  return join(folder, 'linux');
}

/** `severity rule "name"` for each finding. */
function check(...options: string[]): string[] {
  const args = [bundle.cli, 'check', '--format=json', '--no-running-kernel', ...options, files.module];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const found: { rule: string; severity: string; message: string }[] = JSON.parse(stdout);
  return found.map(({ severity, rule, message }) => `${severity} ${rule} ${origin(message)}`).sort();
}

/** What a message says that it rests on. */
const origin = (message: string): string =>
  /\((the built-in reference kernel, Debian 6\.12)\.\d+\)/.exec(message)?.[1] ??
  /\(((?:kallsyms|lib|drivers)[^)]*)\)/.exec(message)?.[1] ??
  message;

const BUILT_IN = 'the built-in reference kernel, Debian 6.12';

describe('what is known of the target kernel decides what is found', () => {
  it('nothing but the built-in kernel: warnings, which say so', () => {
    expect(check()).toEqual([
      `warning not-traceable-target ${BUILT_IN}`,
      `warning old-name-ambiguous ${BUILT_IN}`,
      `warning old-name-not-found ${BUILT_IN}`,
      `warning signature-mismatch ${BUILT_IN}`,
    ]);
  });

  it('a version of which nothing is known: nothing about names', () => {
    expect(check('--kernel-version', '6.11')).toEqual([]);
  });

  it('a copy of /proc/kallsyms: errors for names that are not there, or several times', () => {
    expect(check('--kallsyms', files.kallsyms)).toEqual([
      'error old-name-ambiguous kallsyms',
      'error old-name-not-found kallsyms',
    ]);
  });

  it('and available_filter_functions: what ftrace cannot hook', () => {
    const from = 'kallsyms, available_filter_functions';
    expect(check('--kallsyms', files.kallsyms, '--filter-functions', files.filter)).toEqual([
      `error not-traceable-target ${from}`,
      `error old-name-ambiguous ${from}`,
      `error old-name-not-found ${from}`,
    ]);
  });

  it('and BTF: signatures', () => {
    const options = ['--kallsyms', files.kallsyms, '--filter-functions', files.filter, '--btf', files.btf];
    const from = 'kallsyms, available_filter_functions, BTF';
    expect(check(...options)).toEqual([
      `error not-traceable-target ${from}`,
      `error old-name-ambiguous ${from}`,
      `error old-name-not-found ${from}`,
      `error signature-mismatch ${from}`,
    ]);
  });

  it('the source alone: what the definition says, beside the built-in kernel', () => {
    expect(check('--kernel-source', files.source)).toEqual([
      'warning kthread-main-target drivers/tty/vt.c:1',
      'warning not-traceable-target lib/match.c:1',
      `warning old-name-ambiguous ${BUILT_IN}`,
      `warning old-name-not-found ${BUILT_IN}`,
      `warning signature-mismatch ${BUILT_IN}`,
    ]);
  });

  it('symbols and source: both, and what the kernel itself said holds against the source', () => {
    const options = ['--kallsyms', files.kallsyms, '--filter-functions', files.filter, '--kernel-source', files.source];
    expect(check(...options)).toEqual([
      'error not-traceable-target kallsyms, available_filter_functions',
      'error old-name-ambiguous kallsyms, available_filter_functions',
      'error old-name-not-found kallsyms, available_filter_functions',
      'warning kthread-main-target drivers/tty/vt.c:1',
    ]);
  });
});

describe('the server with a source tree', () => {
  let editor: Editor;
  afterAll(() => editor.stop());

  it('finds the same, shows the definition and leads to it', async () => {
    editor = await Editor.start(bundle.server, {
      ...RICH,
      initializationOptions: { settings: { kernel: { source: files.source, running: false } } },
    });
    const uri = fileUri(files.module);
    await editor.open(uri, MODULE);
    const rules = () => editor.published.findLast((each) => each.uri === uri)?.diagnostics.map(({ code }) => code);
    const expected =
      'kthread-main-target not-traceable-target old-name-ambiguous old-name-not-found signature-mismatch';
    // What is read from files comes when it was read.
    await editor.until(() => rules()?.toSorted().join(' ') === expected);
    const position = editor.position(uri, '"con_|clear_unimap"');
    const hover = await editor.request<Hover>('textDocument/hover', uri, { position });
    expect((hover.contents as MarkupContent).value).toContain('int con_clear_unimap(void *vc)');
    const places = await editor.request<Location | Location[]>('textDocument/definition', uri, { position });
    expect([places].flat()[0]?.uri).toBe(fileUri(join(files.source, 'drivers/tty/vt.c')));
  });
});
