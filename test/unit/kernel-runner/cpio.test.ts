import { expect, it } from 'vitest';
import { cpioArchive } from '../../../server/src/kernel-runner/cpio.ts';

/** Reads an archive back by the format's description: 13 fields of eight hexadecimal digits after the magic number. */
function entriesOf(archive: Uint8Array) {
  const text = Buffer.from(archive).toString('latin1');
  const entries: { path: string; mode: string; content: string }[] = [];
  for (let at = 0; ; ) {
    expect(text.slice(at, at + 6)).toBe('070701');
    const field = (i: number) => Number.parseInt(text.slice(at + 6 + 8 * i, at + 14 + 8 * i), 16);
    const align = (n: number) => (n + 3) & ~3;
    const nameAt = at + 110;
    const path = text.slice(nameAt, nameAt + field(11) - 1);
    const contentAt = align(nameAt + field(11));
    if (path === 'TRAILER!!!') return entries;
    entries.push({ path, mode: field(1).toString(8), content: text.slice(contentAt, contentAt + field(6)) });
    at = align(contentAt + field(6));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

it('holds files and directories, with the parents that are missing, once', () => {
  const archive = cpioArchive([
    { path: 'init', mode: 0o755, content: bytes('#!') },
    { path: 'plans/0', mode: 0o644, content: bytes('12345') },
    { path: 'plans/1', mode: 0o644, content: bytes('') },
    { path: 'dev', mode: 0o755, content: null },
  ]);
  expect(entriesOf(archive)).toEqual([
    { path: 'init', mode: '100755', content: '#!' },
    { path: 'plans', mode: '40755', content: '' },
    { path: 'plans/0', mode: '100644', content: '12345' },
    { path: 'plans/1', mode: '100644', content: '' },
    { path: 'dev', mode: '40755', content: '' },
  ]);
});
