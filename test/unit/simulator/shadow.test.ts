import { describe, expect, it } from 'vitest';
import { ShadowVariables } from '../../../shared/src/simulator/shadow.ts';

const A = { name: 'a' };
const B = { name: 'b' };
const succeeds = () => 0;

describe('shadow variables', () => {
  it('belong to one object and one number', () => {
    const shadows = new ShadowVariables<object, string>();
    expect(shadows.alloc(A, 1, 'a1', null)).toBe('a1');
    expect(shadows.alloc(A, 2, 'a2', null)).toBe('a2');
    expect(shadows.alloc(B, 1, 'b1', succeeds)).toBe('b1');
    expect([shadows.get(A, 1), shadows.get(A, 2), shadows.get(B, 1)]).toEqual(['a1', 'a2', 'b1']);
    expect(shadows.get(B, 2)).toBeNull();
    expect(shadows.get({ name: 'a' }, 1), 'an equal object is another one').toBeNull();
  });

  it('are not allocated twice, and their constructor runs once', () => {
    const shadows = new ShadowVariables<object, string>();
    const constructed: string[] = [];
    const construct = (data: string) => constructed.push(data) - constructed.length;
    expect(shadows.getOrAlloc(A, 1, 'first', construct)).toBe('first');
    expect(shadows.getOrAlloc(A, 1, 'second', construct)).toBe('first');
    expect(shadows.alloc(A, 1, 'third', construct)).toBeNull();
    expect(shadows.get(A, 1)).toBe('first');
    expect(constructed).toEqual(['first']);
  });

  it('are not there when their constructor fails', () => {
    const shadows = new ShadowVariables<object, string>();
    expect(shadows.alloc(A, 1, 'a1', () => -22)).toBeNull();
    expect(shadows.getOrAlloc(A, 1, 'a1', () => -12)).toBeNull();
    expect(shadows.size).toBe(0);
  });

  it('are freed one by one, or all of a number', () => {
    const shadows = new ShadowVariables<object, string>();
    for (const thing of [A, B]) for (const id of [1, 2]) shadows.alloc(thing, id, `${thing.name}${id}`, null);
    const freed: string[] = [];
    shadows.free(A, 1, (data) => freed.push(data));
    shadows.free(A, 1, (data) => freed.push(data));
    expect(freed).toEqual(['a1']);
    expect(shadows.get(B, 1)).toBe('b1');
    shadows.freeAll(2, (_, data) => freed.push(data));
    expect(freed.toSorted()).toEqual(['a1', 'a2', 'b2']);
    expect(shadows.size).toBe(1);
    shadows.freeAll(1, null);
    expect(shadows.size).toBe(0);
  });
});
