import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskKernelMacros } from '../../../server/src/analysis/mask.ts';
import type { SyntaxNode } from '../../../server/src/analysis/parser.ts';
import { parser } from '../../support/parser.ts';
import { MODULE, piece } from './snippets.ts';

const breaks = (text: string) => text.replace(/[^\r\n]/g, '.');

function hasError(node: SyntaxNode): boolean {
  return node.type === 'ERROR' || node.children.some(hasError);
}

describe('the mask of kernel macros', () => {
  it('keeps the length and every line break', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(MODULE.length), (pieces, at) => {
        const text = MODULE.slice(at, at + 300) + pieces.join('') + MODULE.slice(0, at % 200);
        expect(breaks(maskKernelMacros(text))).toBe(breaks(text));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves plain C, comments and literals alone', () => {
    const text = '/* __init @@X@@ */ int f(void)\n{\n\treturn g("__init for_each(x) {", \'\\"\'); // __exit\n}\n';
    expect(maskKernelMacros(text)).toBe(text);
  });

  it.each([
    ['static int __init f(void)\n{\n}', 'static int        f(void)\n{\n}'],
    ['int x __section(".x") = 1;', 'int x                 = 1;'],
    ['int x __attribute__((unused,\n\taligned(8)));', 'int x                       \n             ;'],
    ['asmlinkage __visible void f(void);', '                     void f(void);'],
    ['list_for_each_entry(p, head, list) {', 'while              (p, head, list) {'],
    ['SYSCALL_DEFINE1(getpid, int, x)\n{', 'int f()                        \n{'],
    ['p = container_of(w, struct foo, work);', 'p = container_of(w,        foo, work);'],
    ['typeof(x) y = x;', 'int       y = x;'],
    ['{ @@HOOK@@; }', '{ __HOOK__; }'],
    ['{\n@@HOOK@@\nf();\n}', '{\n__HOOK_;\nf();\n}'],
    ['{\n#ifdef X\nf();\n#endif\n}', '{\n        \nf();\n      \n}'],
    ['{\n#ifdef X\nif (a) {\n#else\nif (b) {\n#endif\n}\n}', '{\n        \nif (a) {\n     \n        \n      \n}\n}'],
  ])('reads %j as %j', (text, masked) => {
    expect(maskKernelMacros(text)).toBe(masked);
  });

  it.each([
    ['a loop macro', '{ hlist_for_each_entry_safe(a, b, &c->d[i], e) if (a) f(a); }'],
    ['a type argument', '{ x = list_entry(p->next, struct foo, list)->y; }'],
    ['a placeholder on its own line', '{\n\tint ret;\n\t@@INIT_CALLS@@\n\treturn ret;\n}'],
    [
      'arms that open one block',
      '{\n#if X\n\tif (a) {\n#elif Y\n\tif (b) {\n#else\n\tif (c) {\n#endif\n\t\tf();\n\t}\n}',
    ],
    ['attributes of locals', '{ int x __maybe_unused = 1; struct s y __aligned(8); }'],
    ['a statement expression', '{ x = ({ typeof(y) z = y; z + 1; }); }'],
    ['assembly with jumps', '{ asm goto("1: nop" : : "i" (x) : : label); label: return; }'],
  ])('makes %s readable', (_, body) => {
    expect(hasError(parser.parse(maskKernelMacros(body)))).toBe(false);
  });
});
