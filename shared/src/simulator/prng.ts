/** The step of a Weyl sequence: it comes to every 32-bit number before it comes to one again. */
const STEP = 0x9e3779b9;

/**
 * Random numbers from a seed, in integers only, so that every machine gives the same run. A generator is named by the
 * run's seed and a stream number: each task has a stream of its own, and what one of them draws changes nothing for the
 * others.
 */
export class Prng {
  private readonly seedKey: number;
  private counter = 0;
  private key = 0;

  constructor(seed: number, stream: number) {
    this.seedKey = Math.imul(seed | 0, 0x9e3779b1);
    this.enter(stream, 0);
  }

  /** Goes over to another stream of the same seed, to the place behind `drawn` numbers of it. */
  enter(stream: number, drawn: number): void {
    this.key = mix(this.seedKey ^ mix(stream ^ 0x5bd1e995));
    this.drawn = drawn;
    this.counter = (mix(this.key ^ stream) + Math.imul(drawn, STEP)) | 0;
  }

  /** How many numbers of the present stream were drawn. */
  drawn = 0;

  /** An unsigned 32-bit integer. */
  next(): number {
    this.drawn++;
    this.counter = (this.counter + STEP) | 0;
    return mix(mix(this.counter ^ this.key) + this.key) >>> 0;
  }

  /** An integer of 0 to n - 1. `n` is a positive integer up to 2^53. */
  below(n: number): number {
    if (n <= 0x100000000) return n <= 1 ? 0 : Math.floor(this.next() % n);
    return ((this.next() >>> 11) * 0x100000000 + this.next()) % n;
  }

  /** An integer of min to max, both included. */
  between(min: number, max: number): number {
    return max <= min ? min : min + this.below(max - min + 1);
  }

  /**
   * A draw from the exponential distribution with this mean, rounded down. Von Neumann's method: it only compares
   * uniform draws, so that no logarithm (whose last bit differs between engines) takes part.
   */
  exponential(mean: number): number {
    const WHOLE_LIMIT = 64;
    const RUN_LIMIT = 64;
    for (let whole = 0; whole < WHOLE_LIMIT; whole++) {
      const first = this.next();
      let last = first;
      let run = 1;
      while (run < RUN_LIMIT) {
        const drawn = this.next();
        if (drawn >= last) break;
        last = drawn;
        run++;
      }
      // 16 bits of fraction keep the product an exact integer for means up to 2^37 microseconds (38 hours).
      if (run % 2 === 1) return whole * mean + Math.floor((mean * (first >>> 16)) / 0x10000);
    }
    return WHOLE_LIMIT * mean;
  }
}

/** A 32-bit number that depends on all three and on nothing else: a draw that belongs to a moment instead of a stream. */
export function hash(seed: number, a: number, b: number): number {
  const low = b | 0;
  const high = Math.floor(b / 0x100000000) | 0;
  return (
    mix(mix(mix(Math.imul(seed | 0, 0x9e3779b1) ^ 0x2545f491) ^ Math.imul(a | 0, 0x85ebca6b)) ^ mix(low ^ high)) >>> 0
  );
}

/** MurmurHash3's finaliser: each bit of the input changes about half of the output. */
function mix(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}
