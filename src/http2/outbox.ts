/**
 * Frames on their way out. What is written in one turn of the event loop goes
 * to the link in one write: small pieces lie one after the other in a slab,
 * long ones are passed on as they are.
 */
import type { Link } from "./link.ts";

const SLAB_BYTES = 64 << 10;
/** From here on passing a piece on by itself costs less than copying it. */
export const SHARE_FROM_BYTES = 4 << 10;
/** After so many microtasks in which nobody wrote, it goes out. */
const QUIET_STEPS = 8;
/** And after so many at the latest. */
const MAX_STEPS = 256;
const FRAME_HEADER_BYTES = 9;
/** `queueMicrotask` does more than put a function into the queue: on Node it makes a resource of it. */
const SOON = Promise.resolve();

/** What else there is to do around a write to the link. */
export interface FlushHooks {
  /** Adds the DATA that may go now. */
  beforeFlush(): void;
  /** It has been given to the link. */
  afterFlush(): void;
}

/** Puts the frames of one connection together. */
export class Outbox {
  readonly #link: Link;
  readonly #hooks: FlushHooks;
  readonly #schedule: (flush: () => void) => void;
  #pieces: Uint8Array[] = [];
  /** Who waits for the pieces to be written. */
  #waiting: (() => void)[] = [];
  #slab = new Uint8Array(SLAB_BYTES);
  /** What of the slab is not yet among the pieces. */
  #start = 0;
  #end = 0;
  #isScheduled = false;
  #isStopped = false;
  /** Changes with every frame. */
  #written = 0;
  #seen = 0;
  #steps = 0;
  #quietSteps = 0;

  /** Makes an outbox; nothing is written before there is something. */
  constructor(link: Link, hooks: FlushHooks, schedule?: (flush: () => void) => void) {
    this.#link = link;
    this.#hooks = hooks;
    this.#schedule = schedule ?? this.#whenQuiet;
  }

  /** Whether the link wants no more DATA now. */
  get isLinkFull(): boolean {
    return this.#link.isFull;
  }

  /**
   * Begins a frame. Its payload follows by the methods below.
   *
   * @param copiedBytes How much of the payload will be copied.
   */
  frame(type: number, flags: number, id: number, length: number, copiedBytes: number): void {
    if (this.#end + FRAME_HEADER_BYTES + copiedBytes > SLAB_BYTES) this.#newSlab();
    const slab = this.#slab;
    const at = this.#end;
    slab[at] = length >> 16;
    slab[at + 1] = length >> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab[at + 5] = id >> 24;
    slab[at + 6] = id >> 16;
    slab[at + 7] = id >> 8;
    slab[at + 8] = id;
    this.#end = at + FRAME_HEADER_BYTES;
    this.#written++;
    if (!this.#isScheduled) this.kick();
  }

  /** Adds a number of 32 bits. */
  uint32(value: number): void {
    const slab = this.#slab;
    const at = this.#end;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
    this.#end = at + 4;
  }

  /** Adds a number of 16 bits. */
  uint16(value: number): void {
    this.#slab[this.#end++] = value >> 8;
    this.#slab[this.#end++] = value;
  }

  /** Adds bytes that may change afterwards. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      if (this.#end === SLAB_BYTES) this.#newSlab();
      const count = Math.min(end - at, SLAB_BYTES - this.#end);
      this.#copyIn(bytes, at, count);
      at += count;
    }
  }

  /** Calls back when what was added so far has been written, if the link says so. */
  whenWritten(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** Adds bytes that do not change until they are written. */
  share(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count < SHARE_FROM_BYTES) return this.copy(bytes, start, end);
    this.#cut();
    this.#pieces.push(count === bytes.length ? bytes : bytes.subarray(start, end));
  }

  #copyIn(bytes: Uint8Array, start: number, count: number): void {
    const slab = this.#slab;
    const to = this.#end;
    // Below some bytes a loop costs less than a view for set().
    if (count < 32) { for (let i = 0; i < count; i++) slab[to + i] = bytes[start + i]!; }
    else slab.set(count === bytes.length ? bytes : bytes.subarray(start, start + count), to);
    this.#end = to + count;
  }

  /** Makes what is in the slab a piece. */
  #cut(): void {
    if (this.#end === this.#start) return;
    this.#pieces.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #newSlab(): void {
    this.#cut();
    this.#slab = new Uint8Array(SLAB_BYTES);
    this.#start = this.#end = 0;
  }

  /** Has everything flushed soon. */
  kick(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    this.#schedule(this.#flushLater);
  }

  /**
   * Waits as long as microtasks go on writing, so that answers that are
   * awaited on their way still become one write. `process.nextTick` would do
   * without counting, but its module costs a program on Deno 10 ms to load.
   */
  readonly #whenQuiet = (): void => {
    this.#seen = this.#written;
    this.#steps = this.#quietSteps = 0;
    void SOON.then(this.#step);
  };

  readonly #step = (): void => {
    this.#quietSteps = this.#written === this.#seen ? this.#quietSteps + 1 : 0;
    this.#seen = this.#written;
    if (this.#quietSteps >= QUIET_STEPS || ++this.#steps >= MAX_STEPS) this.#flushLater();
    else void SOON.then(this.#step);
  };

  readonly #flushLater = (): void => {
    this.#isScheduled = false;
    if (this.#isStopped) return;
    this.#hooks.beforeFlush();
    this.flush();
    this.#hooks.afterFlush();
  };

  /** Gives what there is to the link, now. */
  flush(): void {
    this.#cut();
    if (this.#pieces.length === 0 || this.#isStopped) return;
    const pieces = this.#pieces;
    const waiting = this.#waiting;
    this.#pieces = [];
    if (waiting.length === 0) return this.#link.write(pieces);
    this.#waiting = [];
    this.#link.write(pieces, () => {
      for (const callback of waiting) callback();
    });
  }

  /** Writes nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#pieces = [];
    this.#waiting = [];
  }
}
