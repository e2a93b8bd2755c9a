/**
 * Calls of all kinds at once, of random sizes, some of them cancelled or out of
 * time, with every byte that comes back compared.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import process from "node:process";
import type { ClientOf, HandlersOf } from "../../mod.ts";
import { RpcError } from "../../src/errors.ts";
import { within } from "../helpers/wait.ts";
import { Random } from "../wire/random.ts";
import type { Calls, Chunk } from "./calls.ts";

/** How many calls a run makes: `GOPLUGIN_SOAK_CALLS`, or few. */
export const SOAK_CALLS: number = Number(process.env.GOPLUGIN_SOAK_CALLS ?? 1_500);
const AT_ONCE = 40;
const CALL_LIMIT_MS = 60_000;

/** What the other side does: it sends back what it got, and a download as often as `count` says. */
export const mirror: HandlersOf<Calls> = {
  unary: (request) => request,
  async *download(request, { metadata }) {
    for (let sent = 0; sent < Number(metadata.count); sent++) yield request;
  },
  async upload(requests) {
    let last: Chunk | undefined;
    for await (const request of requests) last = request;
    return last as Chunk;
  },
  async *chat(requests) {
    yield* requests;
  },
};

/** How calls ended. */
export type Outcomes = Record<"OK" | "CANCELLED" | "DEADLINE_EXCEEDED", number>;

/** One call: what it sends, and when it gives up. */
class Load {
  readonly #random: Random;
  readonly #controller = new AbortController();
  readonly #bytes: Uint8Array;
  /** After so many messages, sent and received together, it is cancelled. */
  #messagesLeft: number;
  readonly timeoutMs: number | undefined;

  constructor(random: Random, bytes: Uint8Array) {
    this.#random = random;
    this.#bytes = bytes;
    const fate = random.below(10);
    this.#messagesLeft = fate === 0 ? random.below(10) : Infinity;
    this.timeoutMs = fate === 1 ? random.below(40) : undefined;
  }

  get options() {
    const { signal } = this.#controller;
    return { signal, ...(this.timeoutMs !== undefined && { timeoutMs: this.timeoutMs }) };
  }

  /** Notes that a message was sent or received. */
  step(): void {
    if (this.#messagesLeft-- <= 0) this.#controller.abort();
  }

  /** Mostly small, now and then larger than a frame, rarely larger than a window. */
  message(number: number): Chunk {
    const random = this.#random;
    const kind = random.below(40);
    const size = random.below(kind === 0 ? 2_000_000 : kind < 6 ? 100_000 : 500);
    const start = random.below(this.#bytes.length - size);
    return {
      number,
      text: "x".repeat(random.below(20)),
      data: this.#bytes.subarray(start, start + size),
    };
  }

  messages(): Chunk[] {
    return Array.from({ length: 1 + this.#random.below(8) }, (_, number) => this.message(number));
  }

  async *sending(messages: readonly Chunk[]): AsyncGenerator<Chunk> {
    for (const message of messages) {
      this.step();
      yield message;
      if (this.#random.below(4) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Reads a stream, of which each message has to be the expected one. */
  async read(stream: AsyncIterable<Chunk>, expected: readonly Chunk[]): Promise<void> {
    let at = 0;
    for await (const message of stream) {
      same(message, expected[at++]);
      this.step();
    }
    ok(at === expected.length, `${at} messages of ${expected.length} came`);
  }
}

function same(found: Chunk, expected: Chunk | undefined): void {
  const { data, ...rest } = found;
  const { data: expectedData, ...expectedRest } = expected ?? found;
  ok(expected !== undefined, "a message too many came");
  deepStrictEqual(rest, expectedRest);
  // Faster than comparing by the elements.
  ok(
    data.length === expectedData.length && data.every((byte, at) => byte === expectedData[at]),
    `${data.length} bytes came that are not the ${expectedData.length} that were sent`,
  );
}

const KINDS: readonly ((calls: ClientOf<Calls>, load: Load) => Promise<void>)[] = [
  async (calls, load) => {
    const message = load.message(0);
    const call = calls.unary(message, load.options);
    load.step();
    same(await call, message);
  },
  async (calls, load) => {
    const message = load.message(7);
    const expected = load.messages().map(() => message);
    const metadata = { count: String(expected.length) };
    await load.read(calls.download(message, { ...load.options, metadata }), expected);
  },
  async (calls, load) => {
    const messages = load.messages();
    same(await calls.upload(load.sending(messages), load.options), messages.at(-1));
  },
  async (calls, load) => {
    const messages = load.messages();
    await load.read(calls.chat(load.sending(messages), load.options), messages);
  },
];

/**
 * Makes so many calls.
 *
 * @throws {Error} If one brings something else than it should; the message names the seed.
 */
export async function mixedLoad(
  calls: ClientOf<Calls>,
  count: number = SOAK_CALLS,
  seed: number = Math.floor(Math.random() * 2 ** 32),
): Promise<Outcomes> {
  const random = new Random(seed);
  const bytes = random.bytes(2_100_000);
  const outcomes: Outcomes = { OK: 0, CANCELLED: 0, DEADLINE_EXCEEDED: 0 };
  let made = 0;
  const worker = async () => {
    while (made < count) {
      const number = made++;
      const own = new Random(seed + number);
      const load = new Load(own, bytes);
      try {
        await within(own.pick(KINDS)(calls, load), `the end of call ${number}`, CALL_LIMIT_MS);
        outcomes.OK++;
      } catch (error) {
        const status = (error as RpcError).status;
        const isMeant = status === "CANCELLED" && load.options.signal.aborted ||
          status === "DEADLINE_EXCEEDED" && load.timeoutMs !== undefined;
        if (!(error instanceof RpcError) || !isMeant) {
          throw new Error(`Seed ${seed}, call ${number}: ${error}`, { cause: error });
        }
        outcomes[status]++;
      }
    }
  };
  const all = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const [failed] = all.filter(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  console.log(`${count} calls with seed ${seed}: ${JSON.stringify(outcomes)}`);
  return outcomes;
}
