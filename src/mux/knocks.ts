/**
 * Which of the peer's streams is for whom. yamux does not say: before a side
 * opens a stream it knocks, on some other way, and the next stream is the one
 * that was knocked for.
 *
 * Source: go-plugin `internal/grpcmux`, `grpc_broker.go` `muxDial`.
 */
import { YamuxError } from "./errors.ts";
import type { YamuxSession } from "./session.ts";
import type { YamuxStream } from "./stream.ts";
import type { StreamHandler } from "./stream_table.ts";
import { Limit } from "./limit.ts";

/** How a {@linkcode Knocks} is set up. */
export interface KnocksOptions {
  /** Takes the streams that nobody knocked for; they are reset if left out. */
  readonly onUnannounced?: StreamHandler | undefined;
  /**
   * How long a knock that was answered waits for its stream, in milliseconds.
   * The peer opens it as soon as it has the answer; one that has given up by
   * then must not leave its place to somebody else's stream.
   *
   * @default {5_000}
   */
  readonly streamTimeoutMs?: number;
}

/** A stream that was knocked for. */
interface Expected {
  readonly handler: StreamHandler;
  readonly limit: Limit;
}

/** Hands out the streams of a session by knocks, and opens streams behind knocks. Takes `onStream()` for itself. */
export class Knocks {
  readonly #session: YamuxSession;
  readonly #streamTimeoutMs: number;
  readonly #expected: Expected[] = [];
  /** Ends the wait of each dial. */
  readonly #dials = new Set<(reason: Error) => void>();
  #lastTurn: Promise<unknown> = Promise.resolve();

  /** Streams that are there already are taken for unannounced. */
  constructor(session: YamuxSession, options: KnocksOptions = {}) {
    this.#session = session;
    this.#streamTimeoutMs = options.streamTimeoutMs ?? 5_000;
    session.onStream((stream) => {
      const expected = this.#expected.shift();
      expected?.limit.end();
      const handler = expected?.handler ?? options.onUnannounced;
      if (handler !== undefined) handler(stream);
      else stream.destroy(new YamuxError("unannounced", "Cannot accept stream: nobody knocked"));
    });
    session.closed.then((reason) => {
      for (const { limit } of this.#expected.splice(0)) limit.end();
      for (const end of [...this.#dials]) end(reason);
    });
  }

  /**
   * Takes the next stream that nobody expects yet. To be called before the
   * knock is answered: the stream may follow at once.
   */
  expect(handler: StreamHandler): void {
    if (this.#session.error !== undefined) return;
    const expected: Expected = {
      handler,
      limit: new Limit(this.#streamTimeoutMs, () => {
        this.#expected.splice(this.#expected.indexOf(expected), 1);
      }),
    };
    this.#expected.push(expected);
  }

  /**
   * Opens a stream. To be called at the very moment when the answer to a knock
   * is read: the peer gives its streams away in the order of its answers.
   *
   * @throws What `YamuxSession.open()` throws.
   */
  open(): Promise<YamuxStream> {
    return this.#session.open();
  }

  /**
   * Knocks and opens a stream. Only one at a time does that, or two streams
   * might change places.
   *
   * @param knock Knocks, and gives what {@linkcode open} gave when the peer had
   * answered; it limits its own wait.
   * @param signal Ends the wait, with its reason. A knock that has begun goes on
   * to its end: the stream that the peer expects then is opened and ended.
   * @throws What `knock` throws.
   * @throws {YamuxSessionError} If the session is over, or ends meanwhile.
   */
  dial(knock: () => Promise<YamuxStream>, signal?: AbortSignal): Promise<YamuxStream> {
    const turn = this.#lastTurn.then(async () => {
      signal?.throwIfAborted();
      if (this.#session.error !== undefined) throw this.#session.error;
      const stream = await knock();
      if (signal?.aborted) stream.destroy();
      signal?.throwIfAborted();
      return stream;
    });
    this.#lastTurn = turn.catch(() => {}); // Its caller hears of it.
    return this.#whileOpen(turn, signal);
  }

  #whileOpen<T>(turn: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#dials.add(reject);
      turn.then(resolve, reject).finally(() => {
        signal?.removeEventListener("abort", abort);
        this.#dials.delete(reject);
      });
    });
  }
}
