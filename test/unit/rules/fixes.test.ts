import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, fixAllEdits } from '../../../server/src/analysis/fixes.ts';
import type { Finding, Fix, TextEdit } from '../../../server/src/analysis/rule.ts';

const edit = (start: number, end: number, newText: string, file = 'a.c'): TextEdit => ({
  range: { file, start, end },
  newText,
});
const finding = (...fixes: Fix[]): Finding => ({
  rule: 'a-rule',
  severity: 'error',
  kernel: '',
  message: '',
  range: { file: 'a.c', start: 0, end: 0 },
  fixes,
});
const safe = (...edits: TextEdit[]): Fix => ({ title: 'Fix it', safety: 'safe', edits });

describe('applyEdits', () => {
  it('makes all edits at the places that the unchanged text has', () => {
    expect(applyEdits('one two three', [edit(4, 7, 'zwei'), edit(0, 3, 'eins'), edit(13, 13, '!')])).toBe(
      'eins zwei three!',
    );
  });

  it('keeps the order of insertions at one place', () => {
    expect(applyEdits('ad', [edit(1, 1, 'b'), edit(1, 1, 'c')])).toBe('abcd');
  });

  it.each([
    ['overlap', [edit(0, 3, 'x'), edit(2, 4, 'y')]],
    ['reach beyond the text', [edit(3, 9, 'x')]],
    ['run backwards', [edit(3, 2, 'x')]],
  ])('refuses edits that %s', (_, edits) => {
    expect(() => applyEdits('abcde', edits)).toThrow(RangeError);
  });
});

describe('fixAllEdits', () => {
  it('takes safe fixes only', () => {
    const suggestion: Fix = { ...safe(edit(0, 1, 'x')), safety: 'suggestion' };
    expect(fixAllEdits([finding(suggestion)], 'a.c')).toEqual([]);
    expect(fixAllEdits([finding(suggestion, safe(edit(2, 3, 'y')))], 'a.c')).toEqual([edit(2, 3, 'y')]);
  });

  it('leaves out a fix that touches an earlier one, as a whole', () => {
    const second = safe(edit(3, 5, 'y'), edit(9, 9, 'z'));
    expect(fixAllEdits([finding(safe(edit(1, 3, 'x'))), finding(second)], 'a.c')).toEqual([edit(1, 3, 'x')]);
  });

  it('makes an edit once that two fixes want', () => {
    const comma = edit(4, 4, ',');
    expect(fixAllEdits([finding(safe(comma)), finding(safe(comma, edit(8, 8, '{ }')))], 'a.c')).toEqual([
      comma,
      edit(8, 8, '{ }'),
    ]);
  });

  it('leaves out fixes that change other files too', () => {
    expect(fixAllEdits([finding(safe(edit(0, 1, 'x'), edit(0, 1, 'x', 'b.c')))], 'a.c')).toEqual([]);
  });

  it('gives edits that applyEdits takes, whatever the findings want', () => {
    const anEdit = fc
      .tuple(fc.nat(20), fc.nat(5), fc.string({ maxLength: 3 }))
      .map(([start, length, newText]) => edit(start, start + length, newText));
    const findings = fc.array(anEdit.map((wanted) => finding(safe(wanted))));
    fc.assert(
      fc.property(findings, (wanted) => {
        const text = 'x'.repeat(25);
        const edits = fixAllEdits(wanted, 'a.c');
        expect(() => applyEdits(text, edits)).not.toThrow();
        if (wanted.length > 0) expect(edits.length).toBeGreaterThan(0);
      }),
    );
  });
});
