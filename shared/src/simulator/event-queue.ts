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

/** A binary heap. */
export class EventQueue {
  private readonly heap: QueueEntry[] = [];

  get size(): number {
    return this.heap.length;
  }

  push(entry: QueueEntry): void {
    const heap = this.heap;
    heap.push(entry);
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent] as QueueEntry;
      if (!isBefore(entry, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = entry;
  }

  peek(): QueueEntry | undefined {
    return this.heap[0];
  }

  pop(): QueueEntry | undefined {
    const heap = this.heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as QueueEntry, heap[child] as QueueEntry)) child++;
      if (!isBefore(heap[child] as QueueEntry, last)) break;
      heap[parent] = heap[child] as QueueEntry;
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

function isBefore(a: QueueEntry, b: QueueEntry): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.id !== b.id) return a.id < b.id;
  return a.stamp < b.stamp;
}
