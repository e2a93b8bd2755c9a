/** What a plugin has printed and its host has not read yet. */
import type { OutputCapture, OutputChannel } from "../runtime/output.ts";
import type { StdioData } from "./stdio.ts";

/** How much is kept while no host reads, in bytes: nothing else says when one will come. */
export const UNREAD_LIMIT_BYTES = 1024 * 1024;
/** Above it, a host that reads slows down those that write and can wait, in bytes. */
export const HIGH_WATER_BYTES = 1024 * 1024;
/** The longest piece of one message, in bytes. */
const PIECE_BYTES = 64 * 1024;

/**
 * Keeps a plugin's output in order until its host reads it. Writing never
 * blocks: a Go plugin that prints while nobody reads hangs in the middle of a
 * call. What does not fit before a host has come is counted and dropped.
 */
export class OutputBuffer implements OutputCapture {
  readonly #pieces: StdioData[] = [];
  readonly #onDropped: (bytes: number) => void;
  readonly #awaitingRoom: (() => void)[] = [];
  #bytes = 0;
  #droppedBytes = 0;
  #reader: symbol | undefined;
  #isClosed = false;
  #wake: () => void = () => {};

  /** Sets who is told how many bytes were dropped, once a host reads. */
  constructor(onDropped: (bytes: number) => void) {
    this.#onDropped = onDropped;
  }

  /** Takes a copy of what was written. */
  write(channel: OutputChannel, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#reader === undefined && this.#bytes + bytes.length > UNREAD_LIMIT_BYTES) {
      this.#droppedBytes += bytes.length;
      return;
    }
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      this.#pieces.push({ channel, data: bytes.slice(start, start + PIECE_BYTES) });
    }
    this.#bytes += bytes.length;
    this.#wake();
  }

  /** Resolves when more should be written; `undefined` if that is now. */
  room(): Promise<void> | undefined {
    if (this.#reader === undefined || this.#bytes <= HIGH_WATER_BYTES) return undefined;
    return new Promise((resolve) => this.#awaitingRoom.push(resolve));
  }

  /** Takes no more. A reader gets what there is, and ends. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /**
   * Reads what there is and what comes. A later reader takes the place of an
   * earlier one, which ends: a second host, after the first has left.
   *
   * @param left Fires when this reader's host has left.
   */
  async *read(left: AbortSignal): AsyncGenerator<StdioData, void, undefined> {
    const self = Symbol();
    this.#reader = self;
    this.#wake();
    if (this.#droppedBytes > 0) this.#onDropped(this.#droppedBytes);
    this.#droppedBytes = 0;
    const leave = () => this.#wake();
    left.addEventListener("abort", leave);
    try {
      while (this.#reader === self && !left.aborted) {
        const piece = this.#take();
        if (piece !== undefined) {
          if (this.#bytes <= HIGH_WATER_BYTES) this.#giveRoom();
          yield piece;
        } else if (this.#isClosed) return;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      left.removeEventListener("abort", leave);
      if (this.#reader === self) {
        this.#reader = undefined;
        this.#giveRoom();
      }
    }
  }

  /** The next piece: what was written line by line goes out together. */
  #take(): StdioData | undefined {
    const [first] = this.#pieces;
    if (first === undefined) return undefined;
    let count = 0;
    let length = 0;
    for (const { channel, data } of this.#pieces) {
      if (channel !== first.channel || length + data.length > PIECE_BYTES) break;
      count++;
      length += data.length;
    }
    const data = new Uint8Array(length);
    let offset = 0;
    for (const taken of this.#pieces.splice(0, count)) {
      data.set(taken.data, offset);
      offset += taken.data.length;
    }
    this.#bytes -= length;
    return { channel: first.channel, data };
  }

  #giveRoom(): void {
    for (const resolve of this.#awaitingRoom.splice(0)) resolve();
  }
}
