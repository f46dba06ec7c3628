import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { LineIndex } from '../../../server/src/cli/line-index.ts';
import { terminalStyle, wrap } from '../../../server/src/cli/style.ts';

describe('LineIndex', () => {
  const text = fc
    .array(fc.constantFrom('a', '\n', '\r\n', '🐧', '\t', 'ü'), { maxLength: 40 })
    .map((parts) => parts.join(''));

  it('counts as LSP does', () => {
    fc.assert(
      fc.property(text, fc.nat(60), (content, at) => {
        const offset = Math.min(at, content.length);
        // Between the two halves of a line end LSP has no place.
        fc.pre(!(content[offset - 1] === '\r' && content[offset] === '\n'));
        const document = TextDocument.create('file:///a.c', 'c', 1, content);
        expect(new LineIndex(content).positionAt(offset)).toEqual(document.positionAt(offset));
      }),
    );
  });

  it('gives lines without their ends', () => {
    const lines = new LineIndex('one\r\ntwo\nthree');
    expect([0, 1, 2].map((line) => lines.lineText(line))).toEqual(['one', 'two', 'three']);
  });
});

describe('terminalStyle', () => {
  const on = (isTTY: boolean, environment: NodeJS.ProcessEnv) =>
    terminalStyle({ isTTY } as NodeJS.WriteStream, environment).red('x') !== 'x';

  it('colours terminals only, and respects NO_COLOR', () => {
    expect(on(true, {})).toBe(true);
    expect(on(false, {})).toBe(false);
    expect(on(true, { NO_COLOR: '1' })).toBe(false);
    expect(on(true, { NO_COLOR: '' })).toBe(true);
    expect(on(true, { TERM: 'dumb' })).toBe(false);
  });
});

it('wrap keeps every word and the width', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 30 }),
      fc.integer({ min: 12, max: 40 }),
      (words, width) => {
        const lines = wrap(words.join(' '), width);
        expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(words);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      },
    ),
  );
});
