import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type CallsPair, type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { collect, Happening } from "./waiting.ts";

const TOTAL = 1000;
/** Far more than the buffers and windows of both sides hold, far less than all. */
const BOUND = 256;
const PAYLOAD = new Uint8Array(64 * 1024);

/** Makes all messages as fast as it is asked, and counts those it has made. */
class Producer {
  made = 0;

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk> {
    while (this.made < TOTAL) {
      yield chunk(this.made++, "", PAYLOAD);
      await Promise.resolve();
    }
  }
}

/** Gives a producer on the same connection every occasion to go on. */
async function exchange({ calls }: CallsPair): Promise<void> {
  for (let i = 0; i < 200; i++) await calls.unary(chunk(i));
}

function isHeldBack(producer: Producer): void {
  ok(producer.made < BOUND, `${producer.made} messages were made, and one was taken`);
}

function isComplete(taken: readonly number[]): void {
  deepStrictEqual(taken, Array.from({ length: TOTAL }, (_, number) => number));
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`makeClient() holds back a response stream that is not read ${on}`, async () => {
    const producer = new Producer();
    await using pair = await openCalls({
      unary: (request) => request,
      download: () => producer[Symbol.asyncIterator](),
    }, transport);
    const taken: number[] = [];
    for await (const { number } of pair.calls.download(chunk(0))) {
      taken.push(number);
      if (number > 0) continue;
      await exchange(pair);
      isHeldBack(producer);
    }
    isComplete(taken);
  });

  test(`makeClient() holds back a request stream that is not read ${on}`, async () => {
    const producer = new Producer();
    const resume = new Happening("the end of the pause");
    const taken: number[] = [];
    await using pair = await openCalls({
      unary: (request) => request,
      async upload(requests) {
        for await (const { number } of requests) {
          taken.push(number);
          if (number === 0) await resume.wait();
        }
        return chunk(taken.length);
      },
    }, transport);
    const call = pair.calls.upload(producer);
    await exchange(pair);
    isHeldBack(producer);
    resume.come();
    strictEqual((await call).number, TOTAL);
    isComplete(taken);
  });

  test(`makeClient() holds back requests when answers are not read ${on}`, async () => {
    const producer = new Producer();
    let answered = 0;
    await using pair = await openCalls({
      unary: (request) => request,
      async *chat(requests) {
        for await (const request of requests) {
          answered++;
          yield request;
        }
      },
    }, transport);
    const taken: number[] = [];
    for await (const { number } of pair.calls.chat(producer)) {
      taken.push(number);
      if (number > 0) continue;
      await exchange(pair);
      isHeldBack(producer);
      ok(answered < BOUND, `${answered} answers were made, and one was taken`);
    }
    isComplete(taken);
  });
}

test("makeClient() asks for no more than one request ahead", async () => {
  const requests = new Feed<Chunk>();
  await using pair = await openCalls({
    async *chat(received) {
      yield* received;
    },
  });
  const responses = pair.calls.chat(requests)[Symbol.asyncIterator]();
  for (let number = 0; number < 3; number++) {
    requests.push(chunk(number));
    strictEqual((await responses.next()).value?.number, number);
    ok(requests.asked <= number + 2, `${requests.asked} were asked for`);
  }
  requests.end();
  strictEqual((await responses.next()).done, true);
});

test("makeClient() starts a stream when its responses are first asked for", async () => {
  let made = 0;
  const requests = new Feed<Chunk>();
  await using pair = await openCalls({
    unary: (request) => request,
    async *chat() {
      made++;
      yield chunk(0);
    },
  });
  const responses = pair.calls.chat(requests);
  await exchange(pair);
  deepStrictEqual([made, requests.asked], [0, 0]);
  strictEqual((await collect(responses)).length, 1);
  strictEqual(made, 1);
});
