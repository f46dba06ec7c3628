import { describe, expect, it } from 'vitest';
import { parser } from '../../support/parser.ts';

describe('parse', () => {
  it('gives up on text that is too much work, and reads the next one as if nothing had been', () => {
    const hopeless = `{\n\treturn ${'[0 ... 9999999] = { }'.repeat(500)}`;
    const { type, children } = parser.parse(hopeless);
    expect([type, children.map((child) => [child.type, child.start, child.end, child.children])]).toEqual([
      'translation_unit',
      [['ERROR', 0, hopeless.length, []]],
    ]);
    expect(parser.parse('int x;').children.map((child) => child.type)).toEqual(['declaration']);
  });

  it('reads a function of ten thousand lines', () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `if (x[${index}] > f(y, &z)) return -EINVAL;`);
    const { children } = parser.parse(`static int big(void)\n{\n${lines.join('\n')}\n}\n`);
    expect(children.map((child) => child.type)).toEqual(['function_definition']);
  });
});
