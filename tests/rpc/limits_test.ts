/** How much the engine takes and holds. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { connectTo, openServer } from "../helpers/rpc_pair.ts";
import { CallsService, type Chunk, chunk, implementCalls, openCalls } from "./calls.ts";
import { collect, failsWith, Happening } from "./waiting.ts";

const LIMIT = 1_000;
/** A chunk that is written as so many bytes, 5 of which are not data. */
const sized = (bytes: number) => chunk(1, "", new Uint8Array(bytes - 5));
const MIB = 2 ** 20;

const plugin = implementCalls({
  unary: ({ number }) => sized(number),
  async *download({ number }) {
    yield sized(LIMIT);
    yield sized(number);
  },
  async upload(requests) {
    let sum = 0;
    for await (const { data } of requests) sum += data.length;
    return chunk(sum);
  },
});

const RECEIVE = { "grpc.max_receive_message_length": LIMIT };
const SEND = { "grpc.max_send_message_length": LIMIT };

for (
  const [what, client, server] of [
    ["channelOptions: the longest message to receive", RECEIVE, {}],
    ["serverOptions: the longest message to send", {}, SEND],
  ] as const
) {
  test(`${what} fails a call with a longer answer, and no other`, async () => {
    await using served = await openServer([plugin], { engine: { serverOptions: server } });
    const engine = { channelOptions: client };
    await using channel = await connectTo(served.address, undefined, engine);
    const calls = await channel.client(CallsService);
    await failsWith("RESOURCE_EXHAUSTED", calls.unary(chunk(LIMIT + 1)));
    await failsWith("RESOURCE_EXHAUSTED", collect(calls.download(chunk(LIMIT + 1))));
    strictEqual((await calls.unary(chunk(LIMIT))).data.length, LIMIT - 5);
    strictEqual((await collect(calls.download(chunk(LIMIT)))).length, 2);
  });
}

for (
  const [what, client, server] of [
    ["channelOptions: the longest message to send", SEND, {}],
    ["serverOptions: the longest message to receive", {}, RECEIVE],
  ] as const
) {
  test(`${what} fails a call with a longer request, and no other`, async () => {
    await using served = await openServer([plugin], { engine: { serverOptions: server } });
    const engine = { channelOptions: client };
    await using channel = await connectTo(served.address, undefined, engine);
    const calls = await channel.client(CallsService);
    await failsWith("RESOURCE_EXHAUSTED", calls.unary(sized(LIMIT + 1)));
    await failsWith("RESOURCE_EXHAUSTED", calls.upload([sized(LIMIT), sized(LIMIT + 1)]));
    strictEqual((await calls.upload([sized(LIMIT), sized(LIMIT)])).number, 2 * (LIMIT - 5));
  });
}

test("the engine holds a few bytes of a stream that nobody reads, not a few messages", {
  skip: exceptGrpcJs("it counts messages: 16 on each side"),
}, async () => {
  const resume = new Happening("the end of the pause");
  let made = 0;
  await using pair = await openCalls({
    unary: (request) => request,
    async upload(requests) {
      let count = 0;
      for await (const _ of requests) if (++count === 1) await resume.wait();
      return chunk(count);
    },
  });
  const requests = async function* (): AsyncGenerator<Chunk> {
    while (made < 40) yield chunk(made++, "", new Uint8Array(MIB));
  };
  const call = pair.calls.upload(requests());
  for (let i = 0; i < 200; i++) await pair.calls.unary(chunk(i));
  // One with the handler, what a window of 1 MiB takes, and what waits to be sent.
  ok(made <= 6, `${made} messages of 1 MiB were made`);
  resume.come();
  strictEqual((await call).number, 40);
});

test("the engine passes messages of any length, many at once", async () => {
  const sizes = [1, 16_379, 16_384, 65_535, 262_144, MIB, 3 * MIB + 1];
  await using pair = await openCalls({ unary: (request) => request });
  const answers = await Promise.all(
    sizes.map((size) => pair.calls.unary(chunk(size, "", new Uint8Array(size).fill(size)))),
  );
  deepStrictEqual(answers.map(({ data }) => data.length), sizes);
  for (const { number, data } of answers) ok(data.every((byte) => byte === (number & 0xff)));
});
