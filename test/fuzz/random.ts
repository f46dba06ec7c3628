/** A stream of random numbers that follows from its seed alone (xorshift, 32 bits). */
export class Random {
  private state: number;

  constructor(...seed: readonly number[]) {
    this.state = 0x9e3779b9;
    for (const part of seed) {
      this.state = Math.imul(this.state ^ part, 0x85ebca6b) | 0;
      this.state ^= this.state >>> 13;
      this.state = Math.imul(this.state, 0xc2b2ae35) | 0;
      this.state ^= this.state >>> 16;
    }
    if (this.state === 0) this.state = 1;
  }

  private bits(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  /** A whole number from 0 up to, not including, the limit. */
  below(limit: number): number {
    return limit <= 0 ? 0 : Math.floor((this.bits() / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }
}
