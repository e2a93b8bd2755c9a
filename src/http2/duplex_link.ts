/** HTTP/2 over any `Duplex` of Node's: a socket, a TLS connection, a yamux stream. */
import type { Duplex } from "node:stream";
import type { Link, LinkHandler } from "./link.ts";

/** When more than this waits in the Duplex, the link says it is full. */
const FULL_BYTES = 256 << 10;

/** Makes a link of a Duplex that is open and that nobody else reads or writes. */
export function makeDuplexLink(duplex: Duplex): Link {
  return new DuplexLink(duplex);
}

class DuplexLink implements Link {
  readonly #duplex: Duplex;
  isFull = false;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
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

  write(pieces: readonly Uint8Array[]): void {
    const duplex = this.#duplex;
    if (pieces.length === 1) {
      this.#note(duplex.write(pieces[0]!));
      return;
    }
    duplex.cork();
    let hasRoom = true;
    for (const piece of pieces) hasRoom = duplex.write(piece);
    duplex.uncork();
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
