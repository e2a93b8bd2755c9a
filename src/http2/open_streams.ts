/** The open streams of a connection, found by id. */
import type { StreamState } from "./stream_state.ts";

/** How many slots a table has at first, as a power of two. */
const FIRST_BITS = 6;
/** 2^32 divided by the golden ratio: what follows each other is spread evenly. */
const SPREAD = 0x9e3779b1;

/**
 * A hash table with open addressing, at most half full. Ids follow each other,
 * so they are spread: where many slots in a row are taken, removing a stream
 * would have to look at all of them.
 *
 * A `Map` would be shorter, but each time it makes room it leaves an old table
 * behind that still points to the streams of its time, and to its successor.
 * Once the garbage collector has moved one of them to its old generation, every
 * stream that comes lives on until the next full collection: with 64 calls in
 * flight that was a fifth of the time, and pauses of tens of milliseconds.
 */
export class OpenStreams {
  #slots: (StreamState | undefined)[] = new Array(1 << FIRST_BITS).fill(undefined);
  #shift = 32 - FIRST_BITS;
  #size = 0;
  /** Not known to a peer that would like its streams to have the same slot. */
  readonly #seed = Math.floor(Math.random() * 2 ** 31);

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The stream with an id. */
  get(id: number): StreamState | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = this.#slotOf(id);; slot = (slot + 1) & mask) {
      const stream = slots[slot];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream that has its id, which no other has. */
  add(stream: StreamState): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  /** Removes a stream. */
  remove(stream: StreamState): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = this.#slotOf(stream.id);
    for (; slots[free] !== stream; free = (free + 1) & mask) {
      if (slots[free] === undefined) return;
    }
    this.#size--;
    // Those behind it that made way for others move up, so that they are found again.
    for (let slot = (free + 1) & mask;; slot = (slot + 1) & mask) {
      const next = slots[slot];
      if (next === undefined) break;
      const away = (slot - this.#slotOf(next.id)) & mask;
      if (away < ((slot - free) & mask)) continue;
      slots[free] = next;
      free = slot;
    }
    slots[free] = undefined;
  }

  /** All of them, the oldest first. */
  all(): StreamState[] {
    return this.#slots.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  #slotOf(id: number): number {
    return Math.imul(id ^ this.#seed, SPREAD) >>> this.#shift;
  }

  #put(stream: StreamState): void {
    const slots = this.#slots;
    let slot = this.#slotOf(stream.id);
    while (slots[slot] !== undefined) slot = (slot + 1) & (slots.length - 1);
    slots[slot] = stream;
  }

  #grow(): void {
    const streams = this.#slots;
    this.#slots = new Array(streams.length * 2).fill(undefined);
    this.#shift--;
    for (const stream of streams) if (stream !== undefined) this.#put(stream);
  }
}
