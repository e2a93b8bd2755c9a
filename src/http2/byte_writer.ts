/** Bytes put together one after the other. */

/** Memory that grows as it is written. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** Makes a writer with room for so many bytes; more come by themselves. */
  constructor(room: number) {
    this.#bytes = new Uint8Array(room);
  }

  /** Forgets what was written; the memory is used again. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written, good until the writer is used again. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Writes the last eight bits of a number. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Writes bytes. */
  bytes(values: Uint8Array): void {
    if (this.#length + values.length > this.#bytes.length) this.#grow(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Writes each character as the byte of its number. */
  latin1(text: string): void {
    if (this.#length + text.length > this.#bytes.length) this.#grow(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  #grow(more: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    bytes.set(this.written());
    this.#bytes = bytes;
  }
}
