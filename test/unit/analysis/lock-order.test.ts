import { describe, expect, it } from 'vitest';
import { lockPairs, reversedPair } from '../../../server/src/analysis/lock-order.ts';
import { read } from '../../support/check.ts';

/** `first > second` for each pair of a function with these statements. */
function pairs(body: string): string[] {
  const [definition] = read({
    'a.c': `static int f(struct x *a, struct x *b)\n{\n${body}\n}\n#include <linux/livepatch.h>\n`,
  }).functions;
  if (!definition) throw new Error('no function was read');
  return lockPairs(definition.calls).map(({ first, second }) => `${first} > ${second}`);
}

describe('which locks a function takes while it holds which', () => {
  it.each([
    ['one after the other', 'mutex_lock(&a->m); mutex_unlock(&a->m); mutex_lock(&b->m); mutex_unlock(&b->m);', []],
    ['one in the other', 'mutex_lock(&a->m); mutex_lock(&b->m);', ['a->m > b->m']],
    ['of all kinds', 'down_read(&a->s); spin_lock_irqsave( & b -> l, flags);', ['a->s > b->l']],
    ['three', 'inode_lock(a); mutex_lock(&m); raw_spin_lock(&l);', ['a > m', 'a > l', 'm > l']],
    ['in a condition', 'if (mutex_lock_interruptible(&a->m)) return 1; spin_lock_bh(&b->l);', ['a->m > b->l']],
    [
      'given back first',
      'spin_lock(&a->l); spin_lock(&b->l); spin_unlock(&a->l); spin_lock(&c);',
      ['a->l > b->l', 'b->l > c'],
    ],
    ['taken twice: no pair with itself', 'read_lock(&l); read_lock(&l);', []],
    ['that it only tries', 'spin_lock(&a->l); spin_trylock(&b->l);', []],
    ['in an #if', 'spin_lock(&a->l);\n#ifdef CONFIG_X\nspin_lock(&b->l);\n#endif\n', []],
    ['that are no locks', 'lock(&a->l); down_payment(&b); mutex_lock(&c); key_up(&c); mutex_lock(&d);', ['c > d']],
  ])('%s', (_, body, expected) => expect(pairs(body)).toEqual(expected));
});

describe('two orders', () => {
  const pair = (first: string, second: string) => ({ first, second });

  it('are reversed when one has only the one, the other only the other', () => {
    expect(reversedPair([pair('x', 'y'), pair('b', 'a')], [pair('a', 'b')])).toEqual(pair('b', 'a'));
    expect(reversedPair([pair('a', 'b')], [pair('a', 'b')])).toBeNull();
    expect(reversedPair([pair('a', 'b')], [])).toBeNull();
  });

  it('are not when either has both, as functions do that order locks by their addresses', () => {
    const both = [pair('a', 'b'), pair('b', 'a')];
    expect(reversedPair(both, [pair('a', 'b')])).toBeNull();
    expect(reversedPair([pair('b', 'a')], both)).toBeNull();
  });
});
