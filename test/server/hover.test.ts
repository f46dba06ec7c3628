import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Hover, MarkupContent } from 'vscode-languageserver/node';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, type EditorOptions, RICH } from './support/editor.ts';
import { CALLBACKS, GOOD_MODULE, SLEEPY } from './support/modules.ts';

let bundle: Bundle;
let editor: Editor;
const URI = 'file:///nowhere/module.c';

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
afterEach(() => editor.stop());

async function open(text: string, options: EditorOptions = RICH): Promise<void> {
  editor = await Editor.start(bundle.server, options);
  await editor.open(URI, text);
}

async function hoverAt(place: string): Promise<string> {
  const position = editor.position(URI, place);
  const hover = await editor.request<Hover | null>('textDocument/hover', URI, { position });
  return hover ? (hover.contents as MarkupContent).value : '';
}

describe('hover', () => {
  it('on a patch is the forecast: words, picture, log and the way to the panel', async () => {
    await open(SLEEPY);
    const text = await hoverAt('klp_patch pat|ch = {');
    expect(text).toMatch(/^\*\*Loading `module` on Linux 6\.12, .*tasks\)\*\*\n\nFinishes in 1\d\.\d s/);
    expect(text).toContain('sleeps in `__x64_sys_epoll_wait()`');
    expect(text).toContain('`epoll_wait()` returns EINTR');
    expect(text).toContain("livepatch: 'module': starting patching transition");
    const svg = /\(data:image\/svg\+xml;base64,([A-Za-z0-9+/=]+)\)/.exec(text)?.[1] ?? '';
    expect(Buffer.from(svg, 'base64').toString()).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    const link = /\(command:livepatch\.simulateTransition\?([^)]+)\)/.exec(text)?.[1] ?? '';
    expect(JSON.parse(decodeURIComponent(link))).toEqual([URI, 'patch']);
  });

  it('is words only for a client that knows neither Markdown nor our command', async () => {
    await open(SLEEPY, {});
    const text = await hoverAt('klp_patch pat|ch = {');
    expect(text).toMatch(/^Loading module on Linux 6\.12/);
    expect(text).not.toMatch(/[*`]|data:|command:/);
  });

  it('on a function says who sleeps in it', async () => {
    await open(SLEEPY);
    const text = await hoverAt('.old_name = "__x64_sys_|epoll_wait"');
    expect(text).toContain('`__x64_sys_epoll_wait()` of `vmlinux` → `livepatch_cmdline_proc_show()`');
    expect(text).toMatch(/sleeps in it for .*`epoll_wait\(\)`/);
    expect(await hoverAt('int livepatch_cmdline|_proc_show(struct')).toBe(text);
  });

  it('on a function in which nobody sleeps says so', async () => {
    await open(GOOD_MODULE);
    expect(await hoverAt('.old_name = "cmd|line_proc_show"')).toMatch(/No task of the workload/);
  });

  it('on a callback says when it runs and when it does not', async () => {
    await open(CALLBACKS);
    const text = await hoverAt('.post_unpatch = take|_down');
    expect(text).toContain('`take_down()` is `post_unpatch` of `vmlinux`');
    expect(text).toContain('when another livepatch replaces this one');
    expect(await hoverAt('static void take|_down(')).toBe(text);
    expect(await hoverAt('.post_un|patch = take_down')).toBe(text);
  });

  it('on .replace names what it does here', async () => {
    await open(CALLBACKS);
    const text = await hoverAt('.repl|ace = true');
    expect(text).toContain('Here it is true');
    expect(text).toContain('`cmdline_proc_show()`');
    expect(text).toContain('`COUNTERS`');
    expect(text).toContain('since Linux 5.1');
  });

  it('on a shadow call names the others with that id', async () => {
    await open(CALLBACKS);
    const text = await hoverAt('return klp_shadow|_alloc(');
    expect(text).toContain('id `COUNTERS`');
    expect(text).toContain('`klp_shadow_free_all` in `take_down()`');
  });

  it('says nothing where livepatch has nothing to say', async () => {
    await open(GOOD_MODULE);
    expect(await hoverAt('seq_|printf(m')).toBe('');
    expect(await hoverAt('#include <linux/ker|nel.h>')).toBe('');
  });
});
