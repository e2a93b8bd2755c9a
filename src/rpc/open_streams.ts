/** The streams that a server was given, to their end. */
import type { Duplex } from "node:stream";
import { waitAtMost } from "../runtime/wait.ts";

/** How long a peer may take to read the last bytes of a stream, in milliseconds. */
const LAST_BYTES_MS = 500;

/** Keeps the streams that are open. */
export class OpenStreams {
  readonly #closing = new Map<Duplex, Promise<void>>();

  /** Adds a stream, until it closes. */
  add(stream: Duplex): void {
    const closed = new Promise<void>((resolve) =>
      stream.once("close", () => {
        this.#closing.delete(stream);
        resolve();
      })
    );
    this.#closing.set(stream, closed);
  }

  /**
   * Waits until all are closed, and cuts those that are not in time. To be
   * called when their server has stopped: it ends them itself, and there may be
   * TLS on them that still has something to write.
   */
  async close(): Promise<void> {
    await waitAtMost(Promise.all(this.#closing.values()), LAST_BYTES_MS);
    for (const stream of this.#closing.keys()) stream.destroy();
  }
}
