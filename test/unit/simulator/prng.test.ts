import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue, type QueueEntry } from '../../../shared/src/simulator/event-queue.ts';
import { hash, Prng } from '../../../shared/src/simulator/prng.ts';

const draws = (seed: number, stream: number, count = 8): number[] => {
  const random = new Prng(seed, stream);
  return Array.from({ length: count }, () => random.next());
};

describe('the random numbers', () => {
  it('are the same on every machine', () => {
    expect(draws(1, 0, 4)).toMatchInlineSnapshot(`
      [
        2766609807,
        2439093625,
        1539111616,
        1456812493,
      ]
    `);
    expect(draws(-7, 123456, 4)).toMatchInlineSnapshot(`
      [
        2663879672,
        3413388272,
        3038349120,
        3836169812,
      ]
    `);
    expect(hash(1, 2, 3_000_000_000_000)).toMatchInlineSnapshot(`1790206380`);
    const random = new Prng(42, 7);
    expect([random.exponential(1000), random.exponential(1000), random.exponential(1000)]).toMatchInlineSnapshot(`
      [
        760,
        15,
        5041,
      ]
    `);
  });

  it('differ by seed and by stream', () => {
    const first = new Set<number>();
    for (let seed = 0; seed < 40; seed++)
      for (let stream = -20; stream < 20; stream++) first.add(draws(seed, stream, 1)[0] as number);
    expect(first.size).toBeGreaterThan(1590);
  });

  it('are integers of 0 to n - 1, for n up to 2^53', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer({ min: 1, max: 2 ** 53 - 1 }), (seed, stream, n) => {
        const drawn = new Prng(seed, stream).below(n);
        expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
      }),
    );
  });

  it('keep both ends of a range, and take no number from an empty one', () => {
    const random = new Prng(3, 1);
    const seen = new Set(Array.from({ length: 200 }, () => random.between(5, 8)));
    expect([...seen].sort()).toEqual([5, 6, 7, 8]);
    expect(random.between(9, 9)).toBe(9);
  });

  it('are spread evenly', () => {
    const random = new Prng(11, 5);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const drawn = random.below(16);
      counts[drawn] = (counts[drawn] as number) + 1;
    }
    for (const count of counts) {
      expect(count).toBeGreaterThan(800);
      expect(count).toBeLessThan(1200);
    }
  });

  it('go on in a stream where it was left', () => {
    const undisturbed = new Prng(3, 7);
    const wanted = Array.from({ length: 20 }, () => undisturbed.next());
    const random = new Prng(3, 7);
    const drawn = Array.from({ length: 20 }, () => {
      const number = random.next();
      const place = random.drawn;
      random.enter(-5, 1000);
      random.next();
      random.enter(7, place);
      return number;
    });
    expect(drawn).toEqual(wanted);
  });

  it('give exponential durations with the mean asked for', () => {
    const random = new Prng(5, 9);
    const drawn = Array.from({ length: 20_000 }, () => random.exponential(1000));
    const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
    expect(mean).toBeGreaterThan(960);
    expect(mean).toBeLessThan(1040);
    // e^-1 of them are longer than the mean, e^-3 longer than three times that.
    const longer = (limit: number) => drawn.filter((value) => value > limit).length / drawn.length;
    expect(longer(1000)).toBeCloseTo(Math.exp(-1), 1);
    expect(longer(3000)).toBeCloseTo(Math.exp(-3), 1);
    expect(drawn.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true);
  });
});

describe('the event queue', () => {
  const entry = fc.record({
    at: fc.integer({ min: 0, max: 20 }),
    rank: fc.integer({ min: 0, max: 3 }),
    id: fc.integer({ min: -3, max: 3 }),
    stamp: fc.integer({ min: 0, max: 5 }),
  });
  const key = (a: QueueEntry) => [a.at, a.rank, a.id, a.stamp].map((part) => String(part + 5000)).join();

  it('hands out in order, whatever the order of putting in', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const queue = new EventQueue();
        for (const { at, rank, id, stamp } of entries) queue.push(at, rank, id, stamp);
        const out: QueueEntry[] = [];
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) out.push(next);
        expect(out.map(key)).toEqual(entries.map(key).sort());
        expect(queue.size).toBe(0);
      }),
    );
  });
});
