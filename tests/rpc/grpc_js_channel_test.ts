/** What concerns grpc-js itself: clients that were generated for it, on our channel. */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  connectivityState,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { RpcError } from "../../src/errors.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { ENGINES, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { type CallsPair, type Chunk, chunk, openCalls } from "./calls.ts";
import { aborted, collect, Happening } from "./waiting.ts";

type Callback = (error: ServiceError | null, response?: Chunk) => void;

/** The client as a generator of code would type it. */
interface CallsClient extends Client {
  unary(request: Chunk, metadata: Metadata, callback: Callback): void;
  download(request: Chunk): ClientReadableStream<Chunk>;
  upload(callback: Callback): ClientWritableStream<Chunk>;
  chat(): ClientDuplexStream<Chunk, Chunk>;
}

function clientOn({ channel }: CallsPair): CallsClient {
  const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], { defaults: true });
  const CallsClient = makeGenericClientConstructor(
    definitions["everything.Calls"] as unknown as ServiceDefinition,
    "everything.Calls",
  );
  const options = { channelOverride: channel.grpcChannel };
  return new CallsClient("unused", credentials.createInsecure(), options) as Client as CallsClient;
}

/** Calls with a callback, and waits for it. */
function called(make: (callback: Callback) => unknown): Promise<Chunk | undefined> {
  const call = new Promise<Chunk | undefined>((resolve, reject) => {
    make((error, response) => error === null ? resolve(response) : reject(error));
  });
  return within(call, "the callback");
}

function failure(make: (callback: Callback) => unknown): Promise<ServiceError> {
  return called(make).then(
    () => Promise.reject(new Error("The call did not fail")),
    (error: ServiceError) => error,
  );
}

for (const transport of TRANSPORTS) {
  test(`RpcChannel.grpcChannel carries a generated client on ${transport.title}`, async () => {
    await using pair = await openCalls({
      unary: ({ number }, { metadata }) => chunk(number + 1, metadata.key),
      async *download({ number }) {
        for (let i = 0; i < number; i++) yield chunk(i);
      },
      upload: async (requests) => chunk((await collect(requests)).length),
      async *chat(requests) {
        for await (const { number } of requests) yield chunk(number * 2);
      },
    }, transport);
    const client = clientOn(pair);
    const metadata = new Metadata();
    metadata.set("key", "value");
    const single = await called((callback) => client.unary(chunk(1), metadata, callback));
    deepStrictEqual([single?.number, single?.text], [2, "value"]);
    const downloaded = await collect(client.download(chunk(3)) as AsyncIterable<Chunk>);
    deepStrictEqual(downloaded.map(({ number }) => number), [0, 1, 2]);
    const uploaded = await called((callback) => {
      const stream = client.upload(callback);
      stream.write(chunk(1));
      stream.write(chunk(2));
      stream.end();
    });
    strictEqual(uploaded?.number, 2);
    const chat = client.chat();
    chat.write(chunk(4));
    chat.end(chunk(5));
    const answers = await collect(chat as AsyncIterable<Chunk>);
    deepStrictEqual(answers.map(({ number }) => number), [8, 10]);
  });
}

test("RpcChannel.grpcChannel passes a status and its metadata to a generated client", async () => {
  await using pair = await openCalls({
    unary() {
      throw new RpcError("NOT_FOUND", "Not here", { metadata: { where: "there" } });
    },
  });
  const client = clientOn(pair);
  const error = await failure((callback) => client.unary(chunk(0), new Metadata(), callback));
  deepStrictEqual([error.code, error.details], [5, "Not here"]);
  deepStrictEqual(error.metadata.get("where"), ["there"]);
});

test("RpcChannel.grpcChannel cancels a generated client's call", async () => {
  const served = new Happening<AbortSignal>("the call");
  await using pair = await openCalls({
    async *download(request, { signal }) {
      yield request;
      served.come(signal);
      await aborted(signal);
    },
  });
  const stream = clientOn(pair).download(chunk(0));
  const failed = new Happening<ServiceError>("the error");
  stream.on("error", failed.come).on("data", () => {});
  const signal = await served.wait();
  stream.cancel();
  strictEqual((await failed.wait()).code, 1);
  strictEqual((await aborted(signal) as RpcError).status, "CANCELLED");
});

test("RpcChannel.grpcChannel ends with its channel", async () => {
  await using pair = await openCalls({ unary: (request) => request });
  const [first, second] = [clientOn(pair), clientOn(pair)];
  const make = (client: CallsClient) => (callback: Callback) =>
    client.unary(chunk(7), new Metadata(), callback);
  strictEqual((await called(make(first)))?.number, 7);
  strictEqual((await called(make(second)))?.number, 7);
  strictEqual((await pair.calls.unary(chunk(8))).number, 8);
  pair.channel.close(new Error("That was all"));
  match((await failure(make(first))).message, /shut ?down/i);
});

for (const engine of ENGINES) {
  test(`RpcChannel.grpcChannel can be closed by a generated client, engine ${engine}`, async () => {
    await using pair = await openCalls({ unary: (request) => request }, {
      title: "tcp",
      network: "tcp",
      autoMtls: false,
      engine,
    });
    const [first, second] = [clientOn(pair), clientOn(pair)];
    const make = (client: CallsClient) => (callback: Callback) =>
      client.unary(chunk(7), new Metadata(), callback);
    strictEqual((await called(make(first)))?.number, 7);
    first.close();
    throws(() => make(first)(() => {}), /Channel has been shut down/);
    const late = new Promise<Error | undefined>((resolve) => first.waitForReady(1, resolve));
    match(String(await within(late, "the answer")), /closed|shut down/i);
    strictEqual(first.getChannel().getConnectivityState(true), connectivityState.SHUTDOWN);
    strictEqual((await called(make(second)))?.number, 7);
    strictEqual((await pair.calls.unary(chunk(8))).number, 8);
    const ready = new Promise<Error | undefined>((resolve) =>
      second.waitForReady(Date.now() + 30_000, resolve)
    );
    strictEqual(await within(ready, "readiness"), undefined);
  });
}
