/** Gives the same numbers for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * end);
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)] as T;
  }

  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => this.pick(alphabet)).join("");
  }
}

/**
 * Runs `check` for a number of seeds, other ones on every run. A failure names
 * its seed: give that as `first` to see it again.
 */
export function forSeeds(
  rounds: number,
  check: (random: Random) => void,
  first: number = Math.floor(Math.random() * 2 ** 32),
): void {
  for (let seed = first; seed < first + rounds; seed++) {
    try {
      check(new Random(seed));
    } catch (cause) {
      throw new Error(`Seed ${seed}: ${(cause as Error).message}`, { cause });
    }
  }
}
