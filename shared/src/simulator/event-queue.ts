/**
 * What is due, in order of time. At one moment, lower ranks come first, then lower ids: the order never depends on when
 * something was put in, so that a new step at the end of a scenario can't reorder what comes before it.
 */
export interface QueueEntry {
  /** Microseconds. */
  readonly at: number;
  readonly rank: number;
  readonly id: number;
  /** Tells an entry that was overtaken by a newer one for the same thing. */
  readonly stamp: number;
}

/** Ranks: what tasks do comes before the kernel's work items, and those before the scenario's steps. */
export const RANK_TASK = 0;
export const RANK_IDLE_TASK = 1;
export const RANK_WORK = 2;
export const RANK_STEP = 3;

const FIRST_CAPACITY = 64;

/** A binary heap, with a column for each field of its entries: hundreds of thousands may wait. */
export class EventQueue {
  private at = new Float64Array(FIRST_CAPACITY);
  private rank = new Uint8Array(FIRST_CAPACITY);
  private id = new Int32Array(FIRST_CAPACITY);
  private stamp = new Int32Array(FIRST_CAPACITY);
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(at: number, rank: number, id: number, stamp: number): void {
    if (this.count === this.at.length) this.grow();
    let child = this.count++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.isAfter(parent, at, rank, id, stamp)) break;
      this.move(parent, child);
      child = parent;
    }
    this.put(child, at, rank, id, stamp);
  }

  pop(): QueueEntry | undefined {
    if (this.count === 0) return undefined;
    const first = this.entry(0);
    const last = --this.count;
    if (last === 0) return first;
    const at = this.at[last] as number;
    const rank = this.rank[last] as number;
    const id = this.id[last] as number;
    const stamp = this.stamp[last] as number;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= last) break;
      if (child + 1 < last && this.isBefore(child + 1, child)) child++;
      if (this.isAfter(child, at, rank, id, stamp)) break;
      this.move(child, parent);
      parent = child;
    }
    this.put(parent, at, rank, id, stamp);
    return first;
  }

  private entry(place: number): QueueEntry {
    return {
      at: this.at[place] as number,
      rank: this.rank[place] as number,
      id: this.id[place] as number,
      stamp: this.stamp[place] as number,
    };
  }

  private put(place: number, at: number, rank: number, id: number, stamp: number): void {
    this.at[place] = at;
    this.rank[place] = rank;
    this.id[place] = id;
    this.stamp[place] = stamp;
  }

  private move(from: number, to: number): void {
    this.at[to] = this.at[from] as number;
    this.rank[to] = this.rank[from] as number;
    this.id[to] = this.id[from] as number;
    this.stamp[to] = this.stamp[from] as number;
  }

  private isBefore(a: number, b: number): boolean {
    return !this.isAfter(
      a,
      this.at[b] as number,
      this.rank[b] as number,
      this.id[b] as number,
      this.stamp[b] as number,
    );
  }

  /** Whether the entry at that place comes after the one given, or is the same. */
  private isAfter(place: number, at: number, rank: number, id: number, stamp: number): boolean {
    const time = this.at[place] as number;
    if (time !== at) return time > at;
    if (this.rank[place] !== rank) return (this.rank[place] as number) > rank;
    if (this.id[place] !== id) return (this.id[place] as number) > id;
    return (this.stamp[place] as number) >= stamp;
  }

  private grow(): void {
    const room = this.at.length * 4;
    const { at, rank, id, stamp } = this;
    this.at = new Float64Array(room);
    this.at.set(at);
    this.rank = new Uint8Array(room);
    this.rank.set(rank);
    this.id = new Int32Array(room);
    this.id.set(id);
    this.stamp = new Int32Array(room);
    this.stamp.set(stamp);
  }
}
