/** PINGs under way, and the keepalive that is made of them. Source: RFC 9113 section 6.7. */
import type { Clock } from "./clock.ts";
import type { Http2Error } from "./errors.ts";
import { FrameType, PING_BYTES, readUint32 } from "./frames.ts";
import type { Outbox } from "./outbox.ts";

/** Who hears of the answer: the time it took in milliseconds, or why there is none. */
type PingCallback = (elapsedMs: number, error?: Http2Error) => void;

/** The PINGs of one connection. */
export class Pings {
  readonly #out: Outbox;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, { readonly sentAt: number; readonly done: PingCallback }>();
  #count = 0;

  /** Makes a list that is empty. */
  constructor(out: Outbox, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  /** Sends a PING. */
  send(done: PingCallback): void {
    this.#count = (this.#count + 1) >>> 0;
    this.#waiting.set(this.#count, { sentAt: this.#clock.now(), done });
    this.#out.frame(FrameType.ping, 0, 0, PING_BYTES, PING_BYTES);
    this.#out.uint32(0);
    this.#out.uint32(this.#count);
  }

  /** An answer came. One that nobody waits for means nothing. */
  answered(bytes: Uint8Array, start: number): void {
    if (readUint32(bytes, start) !== 0) return;
    const number = readUint32(bytes, start + 4);
    const ping = this.#waiting.get(number);
    this.#waiting.delete(number);
    ping?.done(this.#clock.now() - ping.sentAt);
  }

  /** There will be no more answers. */
  fail(error: Http2Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { done } of waiting) done(0, error);
  }
}

/** What a keepalive works with. */
export interface KeepaliveParts {
  readonly clock: Clock;
  /** Silence after which a PING is sent, in milliseconds. */
  readonly idleMs: number;
  /** How long its answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly ping: () => void;
  readonly dead: () => void;
}

/** Asks a silent peer for a sign of life. Anything that comes is one. */
export class Keepalive {
  readonly #parts: KeepaliveParts;
  #heardAt: number;
  #isWaiting = false;
  #cancel: () => void;

  /** Begins to watch. */
  constructor(parts: KeepaliveParts) {
    this.#parts = parts;
    this.#heardAt = parts.clock.now();
    this.#cancel = parts.clock.start(parts.idleMs, this.#look);
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = this.#parts.clock.now();
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#cancel();
    this.#cancel = this.#parts.clock.start(this.#parts.idleMs, this.#look);
  }

  readonly #look = (): void => {
    const { clock, idleMs, timeoutMs, ping, dead } = this.#parts;
    const silentMs = clock.now() - this.#heardAt;
    if (silentMs < idleMs) {
      this.#cancel = clock.start(idleMs - silentMs, this.#look);
      return;
    }
    this.#isWaiting = true;
    this.#cancel = clock.start(timeoutMs, dead);
    ping();
  };

  /** Watches no longer. */
  stop(): void {
    this.#cancel();
  }
}
