/** The open streams of a connection, found by id. */
import type { StreamState } from "./stream_state.ts";

const FIRST_SLOTS = 64;

/**
 * A hash table with open addressing. Ids follow each other, so that almost
 * every stream lies in the slot of its own id.
 *
 * A `Map` would be shorter, but each time it makes room it leaves an old table
 * behind that still points to the streams of its time, and to its successor.
 * Once the garbage collector has moved one of them to its old generation, every
 * stream that comes lives on until the next full collection: with 64 calls in
 * flight that was a fifth of the time, and pauses of tens of milliseconds.
 */
export class OpenStreams {
  #slots: (StreamState | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The stream with an id. */
  get(id: number): StreamState | undefined {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = (id >> 1) & mask;; slot = (slot + 1) & mask) {
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
    const mask = this.#mask;
    let free = (stream.id >> 1) & mask;
    for (; slots[free] !== stream; free = (free + 1) & mask) {
      if (slots[free] === undefined) return;
    }
    this.#size--;
    // Those behind it that made way for others move up, so that they are found again.
    for (let slot = (free + 1) & mask;; slot = (slot + 1) & mask) {
      const next = slots[slot];
      if (next === undefined) break;
      const away = (slot - (next.id >> 1)) & mask;
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

  #put(stream: StreamState): void {
    let slot = (stream.id >> 1) & this.#mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = stream;
  }

  #grow(): void {
    const streams = this.#slots;
    this.#slots = new Array(streams.length * 2).fill(undefined);
    this.#mask = this.#slots.length - 1;
    for (const stream of streams) if (stream !== undefined) this.#put(stream);
  }
}
