import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialiserAt } from '../../../server/src/analysis/initialiser-at.ts';

/** The place of the `|` in a text. */
function at(marked: string) {
  const offset = marked.indexOf('|');
  return initialiserAt(marked.slice(0, offset) + marked.slice(offset + 1), offset);
}

describe('initialiserAt', () => {
  it.each([
    ['struct klp_patch patch = { | };', 'klp_patch'],
    ['static struct klp_patch patch __ro_after_init = {\n\t.|', 'klp_patch'],
    ['static struct klp_func funcs[] = { { .old| }, { } };', 'klp_func'],
    ['static struct klp_object objs[] = { [0] = { .| } };', 'klp_object'],
    ['p.objs = (struct klp_object []){ { .funcs = (struct klp_func[]){ { .| } } } };', 'klp_func'],
    ['struct klp_object objs[] = { { .callbacks = { .pre| } } };', 'klp_callbacks'],
    ['struct klp_state states[2] = { { .| } };', 'klp_state'],
    ['#define X {\nstruct klp_patch patch = { .| };', 'klp_patch'],
    ['static const char *s = "{"; /* { */ // {\nstruct klp_patch patch = { .| };', 'klp_patch'],
  ])('knows the structure in %j', (text, struct) => {
    expect(at(text)).toMatchObject({ struct, table: false, field: null });
  });

  it.each([
    'int main(void) { | }',
    'struct klp_patch patch = { .mod = THIS_MODULE }; |',
    'struct seq_operations ops = { .| };',
    'struct klp_func funcs[] = { { .old_name = "a|b" } };',
    'struct klp_func funcs[] = { { /* .| */ } };',
    'struct klp_func funcs[] = { { // .|\n } };',
    'struct klp_func funcs[] = {\n#ifdef |',
  ])('says nothing in %j', (text) => {
    expect(at(text)).toBeNull();
  });

  it('knows what is set already, before and behind', () => {
    const place = at(
      'struct klp_func f[] = { { .old_name = "do_thing", .| , .old_sympos = 1 }, { .new_func = other } };',
    );
    expect(place).toEqual({
      struct: 'klp_func',
      table: false,
      present: ['old_name', 'old_sympos'],
      field: null,
      oldName: 'do_thing',
    });
  });

  it('knows what stands on the next line although the comma is missing', () => {
    expect(at('struct klp_object o[] = { {\n\t.na|\n\t.funcs = funcs,\n} };')?.present).toEqual(['funcs']);
  });

  it('knows the field whose value is written', () => {
    expect(at('struct klp_func f[] = { { .old_name = "x", .new_func = liv| } };')).toMatchObject({
      field: 'new_func',
      oldName: 'x',
    });
  });

  it('tells a table from its entries', () => {
    expect(at('struct klp_func f[] = {\n\t{ .old_name = "x" },\n\t|\n};')).toMatchObject({
      struct: 'klp_func',
      table: true,
    });
  });

  it('bears any text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '"',
      "'",
      '/*',
      '*/',
      '//',
      '\n',
      '\\',
      '#if',
      ',',
      ';',
      '.a = ',
      '=',
      'struct klp_func f[] = {',
      '😀',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(200), (pieces, offset) => {
        const text = pieces.join('');
        expect(() => initialiserAt(text, Math.min(offset, text.length))).not.toThrow();
      }),
    );
  });
});
