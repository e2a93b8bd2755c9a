/** HTTP/2 over any `Duplex` of Node's: a socket, a TLS connection, a yamux stream. */
import type { Duplex } from "node:stream";
import type { Link, LinkHandler } from "./link.ts";

/** When more than this waits in the Duplex, the link says it is full. */
const FULL_BYTES = 256 << 10;

/**
 * Makes a link of a Duplex that is open and that nobody else reads or writes.
 *
 * @param isSocket Whether it has done with a piece when it calls back: a
 * socket, also under TLS. Others may have passed the piece on.
 */
export function makeDuplexLink(duplex: Duplex, isSocket = false): Link {
  return new DuplexLink(duplex, isSocket);
}

class DuplexLink implements Link {
  readonly #duplex: Duplex;
  readonly #isSocket: boolean;
  isFull = false;

  constructor(duplex: Duplex, isSocket: boolean) {
    this.#duplex = duplex;
    this.#isSocket = isSocket;
  }

  start(handler: LinkHandler): void {
    let failure: Error | undefined;
    const duplex = this.#duplex;
    duplex.on("drain", () => {
      this.isFull = false;
      handler.drain();
    });
    duplex.on("end", () => handler.end());
    duplex.on("error", (error: Error) => {
      failure = error;
    });
    duplex.once("close", () => handler.close(failure));
    // It may have ended before anybody listened.
    if (duplex.destroyed) queueMicrotask(() => duplex.closed && handler.close(failure));
    // Last, as it begins to flow; not within this call.
    duplex.on("data", (chunk: Uint8Array) => handler.data(chunk));
  }

  write(pieces: readonly Uint8Array[], written?: () => void): void {
    const duplex = this.#duplex;
    const last = pieces.length - 1;
    if (last > 0) duplex.cork();
    for (let at = 0; at < last; at++) duplex.write(pieces[at]!);
    const hasRoom = written === undefined || !this.#isSocket
      ? duplex.write(pieces[last]!)
      : duplex.write(pieces[last]!, (error) => {
        // What failed may still be under way.
        if (error === undefined || error === null) written();
      });
    if (last > 0) duplex.uncork();
    this.#note(hasRoom);
  }

  /** "drain" comes only after a `false`. */
  #note(hasRoom: boolean): void {
    this.isFull = !hasRoom && this.#duplex.writableLength > FULL_BYTES;
  }

  end(): void {
    this.#duplex.end();
  }

  destroy(): void {
    this.#duplex.destroy();
  }
}
