import { describe, expect, it } from 'vitest';
import { readKbuild } from '../../../server/src/analysis/kbuild.ts';

describe('a Kbuild file', () => {
  it.each([
    ['a module of one file', 'obj-m += foo.o', [{ name: 'foo', units: ['foo'] }]],
    [
      'several on a line',
      'obj-m := a.o b.o # c.o',
      [
        { name: 'a', units: ['a'] },
        { name: 'b', units: ['b'] },
      ],
    ],
    [
      'a list of units',
      'obj-m := foo.o\nfoo-y := a.o sub/b.o\nfoo-y += c.o',
      [{ name: 'foo', units: ['a', 'sub/b', 'c'] }],
    ],
    ['the old name of lists', 'obj-m = foo.o\nfoo-objs = a.o \\\n\tb.o', [{ name: 'foo', units: ['a', 'b'] }]],
    ['configured modules', 'obj-$(CONFIG_X) += foo.o\nfoo-$(CONFIG_Y) += y.o', [{ name: 'foo', units: ['y'] }]],
    ['a list before its module', 'foo-bar-y := a.o\r\nobj-m := foo-bar.o\r\n', [{ name: 'foo-bar', units: ['a'] }]],
    ['what is built in', 'obj-y += foo.o', []],
    ['rules and variables', 'KDIR ?= /lib\nall:\n\tmake -C $(KDIR) M=$(PWD) modules\nccflags-y := -DX', []],
  ])('with %s', (_, text, modules) => {
    expect(readKbuild(text).modules).toEqual(modules);
  });
});
