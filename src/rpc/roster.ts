/** Things of which some are there at any time, and thousands come and go. */

/** Something that can be on one roster. */
export interface Listed {
  /** Where it stands there; -1 when it does not. The roster's own. */
  place: number;
}

/**
 * Who is there, in no order. Each knows its place, so that coming and going
 * costs the same however many there are. A `Set` may keep those that have gone
 * alive, as a `Map` may: see `OpenStreams` in `http2/`.
 */
export class Roster<T extends Listed> {
  readonly #items: (T | undefined)[] = [];
  #size = 0;

  /** How many are there. */
  get size(): number {
    return this.#size;
  }

  /** Adds one that is on no roster. */
  add(item: T): void {
    item.place = this.#size;
    this.#items[this.#size++] = item;
  }

  /** Removes one. Returns whether it was there. */
  remove(item: T): boolean {
    const { place } = item;
    if (place < 0) return false;
    const last = this.#items[--this.#size] as T;
    this.#items[place] = last;
    last.place = place;
    this.#items[this.#size] = undefined;
    item.place = -1;
    return true;
  }

  /** All of them; the roster may change while they are looked at. */
  all(): T[] {
    return this.#items.slice(0, this.#size) as T[];
  }
}
