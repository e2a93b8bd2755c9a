/** Counts what a peer must not do too often. */
import { flood } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";

/** What may happen so often at once, and then so often a second. */
class Bucket {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #filledAt: number;

  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = this.#left = burst;
    this.#perMs = perSecond / 1000;
    this.#filledAt = now;
  }

  /** Whether it may happen. The time is only asked for when the bucket is empty. */
  take(count: number, now: () => number): boolean {
    this.#left -= count;
    if (this.#left >= 0) return true;
    const time = now();
    this.#left = Math.min(this.#burst, this.#left + (time - this.#filledAt) * this.#perMs);
    this.#filledAt = time;
    return this.#left >= 0;
  }
}

/**
 * How many WINDOW_UPDATE frames are explained by a stream, and by a DATA frame
 * that was sent. A peer sends about two for a frame, one of them for the
 * connection, or more if the frame is long.
 */
const UPDATES_PER_STREAM = 4;
const UPDATES_PER_DATA = 4;
const DATA_BYTES_PER_UPDATE = 1024;
const UPDATES_AT_FIRST = 100;

/** Watches one peer. Each method throws an {@linkcode Http2Error} `flood` when it is too much. */
export class FloodGuard {
  readonly #now: () => number;
  readonly #frames: Bucket;
  readonly #resets: Bucket;
  readonly #maxUnreadAnswers: number;
  #unreadAnswers = 0;
  #updatesLeft = UPDATES_AT_FIRST;

  /** Makes a guard with the limits of a connection. */
  constructor(options: ResolvedOptions) {
    this.#now = () => options.clock.now();
    const now = this.#now();
    this.#frames = new Bucket(options.floodBurst, options.floodPerSecond, now);
    this.#resets = new Bucket(options.resetBurst, options.resetsPerSecond, now);
    this.#maxUnreadAnswers = options.maxUnreadAnswers;
  }

  /** Something came that costs us and not the peer. */
  idle(what: string, count = 1): void {
    if (!this.#frames.take(count, this.#now)) flood(`too many: ${what}`);
  }

  /** A client reset a stream of its own. */
  reset(): void {
    if (!this.#resets.take(1, this.#now)) flood("too many: RST_STREAM");
  }

  /** A stream was opened, whoever did it. */
  streamOpened(): void {
    this.#updatesLeft += UPDATES_PER_STREAM;
  }

  /** A DATA frame with so many bytes was sent. */
  dataSent(bytes: number): void {
    this.#updatesLeft += UPDATES_PER_DATA + Math.floor(bytes / DATA_BYTES_PER_UPDATE);
  }

  /** WINDOW_UPDATE came. */
  windowUpdate(): void {
    if (this.#updatesLeft > 0) this.#updatesLeft--;
    else this.idle("WINDOW_UPDATE");
  }

  /** An answer is sent that the peer asked for. */
  answer(isLinkFull: boolean): void {
    if (!isLinkFull) this.#unreadAnswers = 0;
    else if (++this.#unreadAnswers > this.#maxUnreadAnswers) {
      flood(`${this.#unreadAnswers} answers that are not read`);
    }
  }
}
