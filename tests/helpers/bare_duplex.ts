/** The least that the engine has to get along with. */
import { Duplex } from "node:stream";

/** A stream that only passes on what another carries: no socket, no handle. */
export class BareDuplex extends Duplex {
  readonly #inner: Duplex;

  /** Takes another's place; nobody else may read or write that one. */
  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on("data", (bytes) => {
      if (!this.push(bytes)) inner.pause();
    });
    inner.once("end", () => this.push(null));
    inner.once("close", () => this.destroy());
    inner.on("error", () => {});
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.#inner.write(bytes, () => done());
  }

  override _final(done: () => void): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
