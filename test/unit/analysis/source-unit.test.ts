import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readModule } from '../../../server/src/analysis/read-module.ts';
import { SourceUnit } from '../../../server/src/analysis/source-unit.ts';
import { cutItems } from '../../../server/src/analysis/top-level.ts';
import { parser } from '../../support/parser.ts';
import { edit, MODULE, piece, placed } from './snippets.ts';

const context = { name: 'test', missing: [] };
const read = (unit: SourceUnit) => readModule([unit], context);
const cut = (text: string) => cutItems(text).map((item) => item.text);

describe('a source unit', () => {
  it('reads after any edits what it would read from scratch', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), (edits) => {
        const unit = new SourceUnit(parser, 'a.c', MODULE);
        read(unit);
        for (const one of edits) {
          unit.update([placed(unit.text, one)]);
          const fresh = new SourceUnit(parser, 'a.c', unit.text);
          expect(unit.items.map((item) => item.cut)).toEqual(fresh.items.map((item) => item.cut));
          expect(read(unit)).toEqual(read(fresh));
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('applies several changes of one update in order', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 5 }), (edits) => {
        let text = MODULE;
        const changes = edits.map((one) => {
          const change = placed(text, one);
          text = text.slice(0, change.start) + change.newText + text.slice(change.end);
          return change;
        });
        const unit = new SourceUnit(parser, 'a.c', MODULE);
        unit.update(changes);
        expect(unit.text).toBe(text);
      }),
    );
  });

  it('reads any text without throwing, and its ranges lie in it', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const module = read(new SourceUnit(parser, 'a.c', text));
        JSON.stringify(module, (key, value) => {
          if (key === 'range' || key.endsWith('Range')) {
            if (value !== null) expect(value.start).toBeLessThanOrEqual(value.end);
            if (value !== null) expect(value.end).toBeLessThanOrEqual(text.length);
          }
          return value;
        });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [
      'macros that double each other',
      Array.from({ length: 50 }, (_, i) => `#define M${i} M${i + 1} M${i + 1}\n`).join('') +
        'struct klp_func funcs[] = { M0 };',
    ],
    ['deep nesting', `struct klp_func funcs[] = ${'{'.repeat(5_000)}`],
    ['deep expressions', `int f(void) { return ${'('.repeat(5_000)}`],
    ['many arms of #if', `${'#if A\n'.repeat(2_000)}int x;`],
    ['a range without measure', 'struct klp_func funcs[] = { [0 ... 999999999] = { .old_name = "a" } };'],
  ])('comes to an end with %s', (_, text) => {
    expect(read(new SourceUnit(parser, 'a.c', text)).files).toHaveLength(1);
  });

  it('writes out few entries of ranges, however many there are', () => {
    const ranges = '[0 ... 999999999] = { .old_name = "a" },\n'.repeat(300);
    const [table] = read(new SourceUnit(parser, 'a.c', `struct klp_func funcs[] = {\n${ranges}};`)).funcTables;
    expect(table?.entries.length).toBeGreaterThanOrEqual(300);
    expect(table?.entries.length).toBeLessThan(400);
  });

  it('keeps the items that an edit does not touch', () => {
    const unit = new SourceUnit(parser, 'a.c', MODULE);
    const before = unit.items;
    const at = MODULE.indexOf('return 0;') + 'return '.length;
    unit.update([{ start: at, end: at + 1, newText: '-ENOMEM' }]);
    expect(unit.items.filter((item) => !before.includes(item))).toHaveLength(1);
  });

  it('clamps offsets that lie outside the text', () => {
    const unit = new SourceUnit(parser, 'a.c', 'int a;');
    unit.update([{ start: 100, end: 200, newText: '\nint b;' }]);
    expect(unit.text).toBe('int a;\nint b;');
  });
});

describe('top-level items', () => {
  it('together are the text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(cut(pieces.join('')).join('')).toBe(pieces.join(''));
      }),
    );
  });

  it('are functions, declarations, macro calls and directives', () => {
    expect(
      cut('#include <a.h>\nint x;\nFOO(x)\nstatic int f(void)\n{\n\treturn 1;\n}\nstruct s { int a; } __packed t;\n'),
    ).toEqual([
      '#include <a.h>',
      '\nint x;',
      '\nFOO(x)',
      '\nstatic int f(void)\n{\n\treturn 1;\n}',
      '\nstruct s { int a; } __packed t;',
      '\n',
    ]);
  });

  it.each([
    [
      'a missing closing brace',
      'static int f(void)\n{\n\tif (x) {\n\t\treturn 1;\n}\n\nstatic int g(void)\n{\n\treturn 2;\n}',
    ],
    ['a body that nobody closed', 'static int f(void)\n{\n\tif (x)\n\nstatic int g(void)\n{\n\treturn 2;\n}'],
    ['a missing semicolon', 'static struct klp_func f[] = { { } }\nstatic int g(void)\n{\n\treturn 2;\n}'],
    ['a missing parenthesis', 'MODULE_INFO(livepatch, "Y"\nstatic int g(void)\n{\n\treturn 2;\n}'],
    ['a brace too many', 'static int f(void)\n{\n\treturn 1; }\n}\nstatic int g(void)\n{\n\treturn 2;\n}'],
    ['a placeholder', '@@INCLUDES@@\n\nstatic int g(void)\n{\n\treturn 2;\n}'],
    ['dead text', "#if 0\nit's } not C {\n#endif\nstatic int g(void)\n{\n\treturn 2;\n}"],
  ])('survive %s before them', (_, text) => {
    expect(cut(text).at(-1)?.trim()).toBe('static int g(void)\n{\n\treturn 2;\n}');
  });

  it('read arms of #if that open the same brace as one', () => {
    const text = 'void f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t}\n}';
    expect(cut(`${text}\nint x;`)).toEqual([text, '\nint x;']);
  });

  it('keep code that is not indented together', () => {
    const text = 'struct klp_object objs[] = {\n{\n.funcs = funcs,\n}, { }\n};';
    expect(cut(`${text}\nint x;`)).toEqual([text, '\nint x;']);
  });
});
