/** A message that may have to be sent again. */
import type { Release } from "../http2/stream.ts";

/** Gives the bytes of a message back when they are neither kept nor being written. */
export class KeptMessage {
  /** The message. */
  readonly bytes: Uint8Array;
  readonly #release: Release | undefined;
  #isKept = true;
  /** How many writes have not ended; one that is given up never does. */
  #writes = 0;

  /** Keeps a message. */
  constructor(bytes: Uint8Array, release: Release | undefined) {
    this.bytes = bytes;
    this.#release = release;
  }

  /** A write of it begins. The result is to be called when it has ended. */
  write(): Release | undefined {
    if (this.#release === undefined) return undefined;
    this.#writes++;
    return () => {
      this.#writes--;
      this.#settle();
    };
  }

  /** It will not be sent again. Called once. */
  letGo(): void {
    this.#isKept = false;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isKept && this.#writes === 0) this.#release?.(this.bytes);
  }
}
