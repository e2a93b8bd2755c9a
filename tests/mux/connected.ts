/** Connections in memory. */
import type { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

/** One end of a connection: what is written to it is read at the other, which holds the writer back. */
class End extends Duplex {
  other!: End;
  readonly #cut: (chunk: Buffer) => Buffer[];
  #pending: (() => void) | undefined;

  constructor(cut: (chunk: Buffer) => Buffer[]) {
    super();
    this.#cut = cut;
  }

  override _read(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.other.#pending = callback;
    for (const piece of this.#cut(chunk)) this.other.push(piece);
  }

  override _final(callback: () => void): void {
    if (!this.other.destroyed) this.other.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // As a socket does: the other end sees the end, and may fail to write.
    if (!this.other.destroyed) this.other.push(null);
    this.#pending?.();
    callback(error);
  }
}

/**
 * The two ends of a connection.
 *
 * @param cut Cuts what is written into the chunks that are read.
 */
export function connected(cut: (chunk: Buffer) => Buffer[] = (chunk) => [chunk]): [Duplex, Duplex] {
  const ends = [new End(cut), new End(cut)] as const;
  ends[0].other = ends[1];
  ends[1].other = ends[0];
  return [ends[0], ends[1]];
}
