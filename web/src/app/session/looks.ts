// The log tells of an event before the stores have it: rows come after a tenth of a second, what streams derive of them
// a little later, on a busy machine much later.
const LOOK_AGAIN_MS = [100, 400, 1_000, 2_500, 6_000];

interface Told {
  from: number;
  reshaped: boolean;
  until: number;
}

/** Looks for what the log has told of, again and again for a while; seldom enough where it tells of much. */
export class Looks {
  private told: Told[] = [];
  private readonly timers: (ReturnType<typeof setTimeout> | undefined)[] = [];

  /** @param look Reads what stands from a line on, or where the lines hang together in another way, the whole. */
  constructor(private readonly look: (from: number, reshaped: boolean) => void) {}

  /** Looks soon, and again after each of these times, for what stands from a line on. */
  add(from: number, reshaped: boolean, waits: readonly number[] = LOOK_AGAIN_MS): void {
    this.told.push({ from, reshaped, until: Date.now() + Math.max(...waits) });
    for (const [place, wait] of waits.entries()) {
      // The first one stays: what goes on without a pause is to be seen as well.
      if (place === 0 && this.timers[0] !== undefined) continue;
      clearTimeout(this.timers[place]);
      this.timers[place] = setTimeout(() => {
        this.timers[place] = undefined;
        this.lookNow();
      }, wait);
    }
  }

  /** Looks no more. */
  stop(): void {
    this.timers.forEach(clearTimeout);
    this.timers.length = this.told.length = 0;
  }

  private lookNow(): void {
    this.look(Math.min(...this.told.map(({ from }) => from)), this.told.some(({ reshaped }) => reshaped));
    this.told = this.told.filter(({ until }) => until > Date.now());
  }
}
