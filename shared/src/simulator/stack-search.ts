/**
 * Functions that stacks are searched for, in an order of their own. The same stack is often asked about: tasks that sleep in
 * one place share one array of frames.
 */
export class StackSearch<Found> {
  private readonly wanted = new Map<string, { readonly order: number; readonly found: Found }>();
  private readonly known = new Map<readonly string[], Found | null>();

  /** Looks for that frame, too; whatever was added before under the same name comes first. */
  add(frame: string, found: Found): void {
    if (!this.wanted.has(frame)) this.wanted.set(frame, { order: this.wanted.size, found });
  }

  /** What belongs to the frame on that stack that was added first, null when none is on it. */
  find(frames: readonly string[]): Found | null {
    const known = this.known.get(frames);
    if (known !== undefined) return known;
    let first: { readonly order: number; readonly found: Found } | null = null;
    for (const frame of frames) {
      const hit = this.wanted.get(frame);
      if (hit !== undefined && (first === null || hit.order < first.order)) first = hit;
    }
    const found = first === null ? null : first.found;
    this.known.set(frames, found);
    return found;
  }
}
