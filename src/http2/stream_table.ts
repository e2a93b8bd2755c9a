/** The streams of a connection: those that are open, and what is known of the others. */
import { MAX_UINT31 } from "./frames.ts";
import { OpenStreams } from "./open_streams.ts";
import type { StreamState } from "./stream_state.ts";

/** How many streams are remembered that ended lately, and that this side reset. */
const REMEMBERED_ENDED = 128;
const REMEMBERED_RESET = 2048;

/** What an id stands for that no open stream has. */
export type AbsentStream = "idle" | "ended" | "reset-by-us" | "old";

/** The streams by id. A stream belongs to the client, as there is no push. */
export class StreamTable {
  readonly #isServer: boolean;
  readonly #open = new OpenStreams();
  readonly #ended = new Int32Array(REMEMBERED_ENDED);
  #endedAt = 0;
  readonly #reset = new Set<number>();
  /** The highest id that was used. */
  #lastId: number;

  /** Makes an empty table. */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
    this.#lastId = isServer ? 0 : -1;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The highest id that was used, or 0. */
  get lastId(): number {
    return Math.max(this.#lastId, 0);
  }

  /** Client: the id of the next stream; above 2^31 - 1 if there is none. */
  get nextId(): number {
    return this.#lastId + 2;
  }

  /** The open stream with an id. */
  get(id: number): StreamState | undefined {
    return this.#open.get(id);
  }

  /** All open streams; the table may change while they are looked at. */
  all(): StreamState[] {
    return this.#open.all();
  }

  /** Adds a stream that opens with this id. */
  add(id: number, stream: StreamState): void {
    this.#lastId = id;
    stream.id = id;
    this.#open.add(stream);
  }

  /** Server: a stream was refused, which uses up its id. */
  refuse(id: number): void {
    this.#lastId = id;
    this.rememberReset(id);
  }

  /** Removes a stream that is over. */
  remove(stream: StreamState, byUs: boolean): void {
    this.#open.remove(stream);
    if (byUs) this.rememberReset(stream.id);
    else this.#ended[this.#endedAt++ % REMEMBERED_ENDED] = stream.id;
  }

  /** Keeps in mind that what still comes for a stream was under way when this side reset it. */
  rememberReset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= REMEMBERED_RESET) return;
    const [oldest] = this.#reset;
    this.#reset.delete(oldest!);
  }

  /** What is known of a stream that is not open. */
  whatIs(id: number): AbsentStream {
    const isOfClient = id % 2 === 1;
    if (!isOfClient || id > this.#lastId || id > MAX_UINT31) return "idle";
    if (this.#reset.has(id)) return "reset-by-us";
    return this.#ended.includes(id) ? "ended" : "old";
  }

  /** Whether a client may open a stream with this id. */
  mayOpen(id: number): boolean {
    return this.#isServer && id % 2 === 1 && id > this.#lastId;
  }
}
