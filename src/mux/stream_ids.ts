/** Stream ids: the client's are odd, the server's even, and 0 is the session. */
import { YamuxOpenError } from "./errors.ts";

/** Which side of a session; the two sides differ in nothing but their stream ids. */
export type YamuxRole = "client" | "server";

/** Ids from here on are not given out, as in hashicorp/yamux. */
const END = 0xffff_fffe;

/** Gives out the ids of one side. */
export class StreamIds {
  readonly #parity: number;
  #next: number;

  /** @param first The id to begin with; the role's lowest one if left out. */
  constructor(role: YamuxRole, first: number = role === "client" ? 1 : 2) {
    this.#parity = role === "client" ? 1 : 0;
    this.#next = first;
  }

  /** @throws {YamuxOpenError} If every id has been used. */
  next(): number {
    if (this.#next >= END) throw new YamuxOpenError("exhausted");
    const id = this.#next;
    this.#next += 2;
    return id;
  }

  /** Whether the other side may open a stream with this id. */
  arePeers(id: number): boolean {
    return id !== 0 && id % 2 !== this.#parity;
  }
}
