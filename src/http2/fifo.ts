/** A queue that does not move its entries when the first is taken. */

/** First in, first out. */
export class Fifo<T> {
  #entries: T[] = [];
  #first = 0;

  /** How many entries wait. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** The first entry, which stays. */
  get first(): T | undefined {
    return this.#entries[this.#first];
  }

  /** Adds an entry behind the others. */
  push(entry: T): void {
    this.#entries.push(entry);
  }

  /** Takes the first entry. */
  shift(): T | undefined {
    if (this.#first === this.#entries.length) return undefined;
    const entry = this.#entries[this.#first];
    this.#entries[this.#first++] = undefined as T; // so that it can be collected
    if (this.#first === this.#entries.length) {
      this.#entries = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }

  /** Takes all entries. */
  clear(): T[] {
    const entries = this.#entries.slice(this.#first);
    this.#entries = [];
    this.#first = 0;
    return entries;
  }
}
