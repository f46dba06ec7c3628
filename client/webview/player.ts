/** Moves the cursor while the run plays: simulated time passes `speed` times as fast as real time. */
export class Player {
  private readonly onTick: (elapsed: number) => void;
  private frame: number | null = null;
  private last = 0;
  speed = 4;

  /** `onTick` gets the simulated microseconds that passed since the last one. */
  constructor(onTick: (elapsed: number) => void) {
    this.onTick = onTick;
  }

  get playing(): boolean {
    return this.frame !== null;
  }

  play(): void {
    if (this.frame !== null) return;
    this.last = performance.now();
    const tick = (now: number): void => {
      this.frame = requestAnimationFrame(tick);
      const elapsed = Math.max(0, now - this.last);
      this.last = now;
      this.onTick(Math.round(elapsed * 1000 * this.speed));
    };
    this.frame = requestAnimationFrame(tick);
  }

  pause(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
  }
}
