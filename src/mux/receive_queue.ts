/** What a stream has received and nobody has read, and what that leaves the peer to send. */
import type { Buffer } from "node:buffer";
import { INITIAL_WINDOW_BYTES } from "./frames.ts";

/**
 * Keeps a stream's pieces in order and its receive window.
 *
 * The window follows this queue, not `readableLength`: `_read()` runs before
 * the bytes leave the stream's own buffer and is not called again until the
 * next `push()`, so that credit taken from there may never come.
 */
export class ReceiveQueue {
  #pieces: Buffer[] = [];
  /** Where the oldest piece is: `shift()` would move all the others. */
  #head = 0;
  readonly #maxBytes: number;
  #window = INITIAL_WINDOW_BYTES;
  /** Room that the peer has not been told of. */
  #credit: number;

  /** @param maxBytes The largest window, in bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#credit = maxBytes - INITIAL_WINDOW_BYTES;
  }

  /** Whether nothing waits to be read. */
  get isEmpty(): boolean {
    return this.#head === this.#pieces.length;
  }

  /** Takes a frame's length out of the window; `false` if it does not fit. */
  reserve(length: number): boolean {
    if (length > this.#window) return false;
    this.#window -= length;
    return true;
  }

  /** Adds a piece of a frame whose length was reserved. */
  add(piece: Buffer): void {
    this.#pieces.push(piece);
  }

  /** Takes the oldest piece. */
  take(): Buffer | undefined {
    const piece = this.#pieces[this.#head];
    if (piece === undefined) return undefined;
    this.#credit += piece.length;
    this.#head++;
    if (this.isEmpty || this.#head === 1024) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
    return piece;
  }

  /** Gives back the room of a piece that never came in here. */
  discard(length: number): void {
    this.#credit += length;
  }

  /** Throws away what waits. */
  clear(): void {
    while (this.take() !== undefined);
  }

  /**
   * Takes the credit to announce; 0 as long as it is less than half the
   * largest window, so that not every read costs a frame.
   */
  takeCredit(least: number = this.#maxBytes / 2): number {
    if (this.#credit < least) return 0;
    const credit = this.#credit;
    this.#credit = 0;
    this.#window += credit;
    return credit;
  }
}
