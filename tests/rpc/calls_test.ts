import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type Chunk, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { collect, failsWith } from "./waiting.ts";

const MEBIBYTE = 1024 * 1024;

function* count(end: number): Generator<Chunk> {
  for (let number = 0; number < end; number++) yield chunk(number);
}

function numbers(chunks: readonly Chunk[]): number[] {
  return chunks.map(({ number }) => number);
}

/** Bytes of which no two stretches are alike, so that a mix-up of pieces shows. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i ^ (i >> 8) ^ (i >> 16)) & 0xff;
  return bytes;
}

for (const transport of TRANSPORTS) {
  const on = `on ${transport.title}`;

  test(`makeClient() makes a call with one request and one response ${on}`, async () => {
    await using pair = await openCalls({
      unary: ({ number, text }) => chunk(number + 1, `<${text}>`),
    }, transport);
    const { number, text } = await pair.calls.unary(chunk(41, "ä\0\u{1f600}"));
    deepStrictEqual([number, text], [42, "<ä\0\u{1f600}>"]);
  });

  test(`makeClient() makes a call that answers with a stream ${on}`, async () => {
    await using pair = await openCalls({
      async *download({ number }) {
        yield* count(number);
      },
    }, transport);
    deepStrictEqual(numbers(await collect(pair.calls.download(chunk(3)))), [0, 1, 2]);
  });

  test(`makeClient() makes a call that sends a stream ${on}`, async () => {
    await using pair = await openCalls({
      async upload(requests) {
        let sum = 0;
        for await (const { number } of requests) sum += number;
        return chunk(sum);
      },
    }, transport);
    strictEqual((await pair.calls.upload(count(5))).number, 10);
  });

  test(`makeClient() makes a call that sends and answers with a stream ${on}`, async () => {
    await using pair = await openCalls({
      async *chat(requests) {
        for await (const { number, text } of requests) yield chunk(number * 2, text + text);
      },
    }, transport);
    const requests = new Feed<Chunk>();
    requests.push(chunk(1, "a"));
    const answers: string[] = [];
    for await (const { number, text } of pair.calls.chat(requests)) {
      answers.push(text);
      // Each request is made of the answer before it.
      if (answers.length === 3) requests.end();
      else requests.push(chunk(number, text));
    }
    deepStrictEqual(answers, ["aa", "aaaa", "aaaaaaaa"]);
  });

  test(`makeClient() passes streams without messages ${on}`, async () => {
    await using pair = await openCalls({
      async *download() {},
      upload: async (requests) => chunk((await collect(requests)).length),
      async *chat(requests) {
        yield* requests;
      },
    }, transport);
    deepStrictEqual(await collect(pair.calls.download(chunk(0))), []);
    strictEqual((await pair.calls.upload([])).number, 0);
    deepStrictEqual(await collect(pair.calls.chat([])), []);
  });

  test(`makeClient() passes a thousand messages each way, in order ${on}`, async () => {
    await using pair = await openCalls({
      async *download({ number }) {
        yield* count(number);
      },
      upload: async (requests) => chunk(numbers(await collect(requests)).length),
      async *chat(requests) {
        for await (const { number } of requests) yield chunk(number);
      },
    }, transport);
    const expected = numbers([...count(1000)]);
    deepStrictEqual(numbers(await collect(pair.calls.download(chunk(1000)))), expected);
    strictEqual((await pair.calls.upload(count(1000))).number, 1000);
    deepStrictEqual(numbers(await collect(pair.calls.chat(count(1000)))), expected);
  });

  for (const [size, length] of [["0 B", 0], ["5 MiB", 5 * MEBIBYTE], ["20 MiB", 20 * MEBIBYTE]]) {
    test(`makeClient() passes a message of ${size} each way ${on}`, async () => {
      await using pair = await openCalls({
        unary: (request) => request,
        async *chat(requests) {
          yield* requests;
        },
      }, transport);
      const data = pattern(Number(length));
      const same = (received: Uint8Array | undefined) =>
        strictEqual(Buffer.compare(data, received ?? Buffer.from("nothing")), 0);
      same((await pair.calls.unary(chunk(0, "", data))).data);
      const [answer] = await collect(pair.calls.chat([chunk(0, "", data)]));
      same(answer?.data);
    });
  }

  test(`makeClient() makes many calls at once ${on}`, async () => {
    await using pair = await openCalls({
      unary: ({ number }) => Promise.resolve(chunk(number)),
      async *chat(requests) {
        yield* requests;
      },
    }, transport);
    const all = Array.from({ length: 100 }, async (_, number) => {
      strictEqual((await pair.calls.unary(chunk(number))).number, number);
      deepStrictEqual(numbers(await collect(pair.calls.chat([chunk(number)]))), [number]);
    });
    strictEqual((await Promise.all(all)).length, 100);
  });

  test(`makeClient() passes the error of each kind of call ${on}`, async () => {
    await using pair = await openCalls({}, transport);
    const { calls } = pair;
    const makers = {
      unary: () => calls.unary(chunk(0)),
      download: () => collect(calls.download(chunk(0))),
      upload: () => calls.upload([]),
      chat: () => collect(calls.chat([])),
    };
    for (const [name, make] of Object.entries(makers)) {
      const { message } = await failsWith("UNIMPLEMENTED", make());
      strictEqual(message, `The test has no ${name}()`);
    }
  });
}
