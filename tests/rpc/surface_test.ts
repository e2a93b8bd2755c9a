/** What grpc-js's clients can do besides calling, on our channel. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  InterceptingCall,
  type Interceptor,
  type InterceptorOptions,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import type { ServerCall } from "../../mod.ts";
import { openOwnChannel } from "../../src/rpc/own/channel.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openServer } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { type Chunk, chunk, implementCalls, openCalls } from "./calls.ts";
import { aborted, collect, Happening } from "./waiting.ts";

const LONG_MS = 60_000;
type Callback = (error: ServiceError | null, response?: Chunk) => void;

/** The part of the client that is used here. */
interface CallsClient extends Client {
  unary(
    request: Chunk,
    metadata: Metadata,
    options: CallOptions,
    callback: Callback,
  ): ClientUnaryCall;
  download(request: Chunk, options?: CallOptions): ClientReadableStream<Chunk>;
}

const definition = fromJSON(
  descriptor as Parameters<typeof fromJSON>[0],
  { defaults: true },
)["everything.Calls"] as unknown as ServiceDefinition;

type Channel = Awaited<ReturnType<typeof openOwnChannel>>;

function clientOn({ grpcChannel }: Pick<Channel, "grpcChannel">, interceptors: Interceptor[] = []) {
  const Generated = makeGenericClientConstructor(definition, "everything.Calls");
  const options = { channelOverride: grpcChannel, interceptors };
  return new Generated("x", credentials.createInsecure(), options) as Client as CallsClient;
}

/** Makes a call with one answer. */
function unary(
  client: CallsClient,
  request: Chunk,
  options: CallOptions = {},
  metadata: Metadata = new Metadata(),
): Promise<Chunk | undefined> {
  const call = new Promise<Chunk | undefined>((resolve, reject) => {
    client.unary(request, metadata, options, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
  return within(call, "the callback");
}

function failure(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(() => Promise.reject(new Error("The call did not fail")), (error) => error);
}

/** Answers with what the call brought. */
const telling = {
  unary: ({ number }: Chunk, { metadata, deadline }: ServerCall) =>
    chunk(number + 1, JSON.stringify([metadata.key, metadata.authorization, deadline])),
};

test("RpcChannel.grpcChannel lets interceptors change what is sent and what comes", async () => {
  await using pair = await openCalls(telling);
  const statuses: number[] = [];
  const interceptor: Interceptor = (options: InterceptorOptions, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, next) {
        metadata.set("key", "intercepted");
        next(metadata, {
          onReceiveMessage: (message, next) => next({ ...message, number: message.number * 10 }),
          onReceiveStatus(status: StatusObject, next: (status: StatusObject) => void) {
            statuses.push(status.code);
            next(status);
          },
        });
        ok(listener);
      },
      sendMessage: (message, next) => next({ ...message, number: message.number + 4 }),
    });
  const answer = await unary(clientOn(pair.channel, [interceptor]), chunk(1));
  deepStrictEqual([answer?.number, answer?.text], [60, '["intercepted",null,null]']);
  deepStrictEqual(statuses, [0]);
});

test("RpcChannel.grpcChannel waits for call credentials, and fails a call without them", async () => {
  await using pair = await openCalls(telling);
  const client = clientOn(pair.channel);
  const urls: string[] = [];
  const good = credentials.createFromMetadataGenerator(({ service_url }, done) => {
    urls.push(service_url);
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer token");
    setTimeout(done, 10, null, metadata);
  });
  const answer = await unary(client, chunk(1), { credentials: good });
  strictEqual(answer?.text, '[null,"Bearer token",null]');
  deepStrictEqual(urls, ["https://localhost/everything.Calls"]);
  const bad = credentials.createFromMetadataGenerator((_, done) => done(new Error("no token")));
  const error = await failure(unary(client, chunk(1), { credentials: bad }));
  deepStrictEqual([error.code, /no token/.test(error.details)], [2, true]);
  // A call that is cancelled before its credentials are there.
  const never = credentials.createFromMetadataGenerator(() => {});
  const waiting = new Promise<ServiceError | null>((resolve) => {
    const options = { credentials: never };
    client.unary(chunk(1), new Metadata(), options, (error) => resolve(error)).cancel();
  });
  strictEqual((await within(waiting, "the callback"))?.code, 1);
});

test("RpcChannel.grpcChannel passes deadlines on, and ends calls by them", async () => {
  const signals: AbortSignal[] = [];
  await using pair = await openCalls({
    ...telling,
    async *download(request, { signal }) {
      yield request;
      signals.push(signal);
      await aborted(signal);
    },
  });
  const client = clientOn(pair.channel);
  const deadline = Date.now() + LONG_MS;
  const answer = await unary(client, chunk(1), { deadline: new Date(deadline) });
  const [, , received] = JSON.parse(answer?.text ?? "");
  ok(Math.abs(Date.parse(received) - deadline) < LONG_MS / 2, received);
  const stream = client.download(chunk(1), { deadline: Date.now() + 200 });
  strictEqual((await failure(collect(stream as AsyncIterable<Chunk>))).code, 4);
  await Promise.all(signals.map(aborted));
});

test("RpcChannel.grpcChannel ends a call with the call that it is made for", async () => {
  const told = new Happening<ServerCall>("the inner call");
  await using pair = await openCalls({
    unary(_, call) {
      told.come(call);
      return new Promise(() => {});
    },
  });
  const inner = clientOn(pair.channel);
  const ended = new Happening<ServiceError | null>("the end of the inner call");
  const server = new Server();
  server.addService(definition, {
    unary(parent: NonNullable<CallOptions["parent"]>) {
      inner.unary(chunk(0), new Metadata(), { parent }, (error) => ended.come(error));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
  const Generated = makeGenericClientConstructor(definition, "everything.Calls");
  const outer = new Generated(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  ) as Client as CallsClient;
  try {
    const deadline = Date.now() + LONG_MS;
    const call = outer.unary(chunk(0), new Metadata(), { deadline }, () => {});
    const { deadline: inherited, signal } = await told.wait();
    ok(inherited !== undefined && Math.abs(+inherited - deadline) < LONG_MS / 2, "the deadline");
    call.cancel();
    strictEqual((await ended.wait())?.code, 1);
    await aborted(signal);
  } finally {
    outer.close();
    server.forceShutdown();
  }
});

test("RpcChannel.grpcChannel tells a client when it is ready", async () => {
  await using pair = await openCalls(telling);
  const client = clientOn(pair.channel);
  const ready = new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + LONG_MS, (error) => error ? reject(error) : resolve());
  });
  await within(ready, "the connection");
  strictEqual(client.getChannel().getConnectivityState(false), 2);
});

/** A channel to a server that is there only when it is let in. */
async function openLate(handlers: Partial<Parameters<typeof implementCalls>[0]>) {
  const served = await openServer([implementCalls(handlers)]);
  const { connectLink } = await import("../../src/rpc/own/sockets.ts");
  const state = { isUp: false, tries: 0 };
  const channel = await openOwnChannel({
    runtime: await loadRuntime(),
    peer: served.address,
    gone: new Promise(() => {}),
  }, (signal) => {
    state.tries++;
    if (!state.isUp) return Promise.reject(new Error("not there"));
    return connectLink(served.address, undefined, signal);
  });
  return {
    channel,
    state,
    async [Symbol.asyncDispose]() {
      channel.close(new Error("The test is over"));
      await served[Symbol.asyncDispose]();
    },
  };
}

test("RpcChannel.grpcChannel lets a call with waitForReady wait for the server", async () => {
  await using late = await openLate(telling);
  const client = clientOn(late.channel);
  const patient = new Metadata({ waitForReady: true });
  const call = unary(client, chunk(1), {}, patient);
  const error = await failure(unary(client, chunk(1)));
  deepStrictEqual([error.code, /not there/.test(error.details)], [14, true]);
  late.state.isUp = true;
  strictEqual((await call)?.number, 2);
  ok(late.state.tries >= 2);
});

test("RpcChannel.grpcChannel tells a client that it is not ready in time", async () => {
  await using late = await openLate(telling);
  const client = clientOn(late.channel);
  const ready = new Promise<Error | undefined>((resolve) => {
    client.waitForReady(Date.now() + 100, resolve);
  });
  ok(await within(ready, "the deadline") instanceof Error);
  ok(late.state.tries < 10, `it tried ${late.state.tries} times, without a pause`);
});

test("RpcChannel.grpcChannel takes no calls of a client that is closed, and goes on for others", async () => {
  const served = new Happening("the call");
  const resume = new Happening("the go-ahead");
  await using pair = await openCalls({
    ...telling,
    async *download(request: Chunk) {
      served.come();
      await resume.wait();
      yield request;
    },
  });
  const client = clientOn(pair.channel);
  const running = collect(client.download(chunk(3)) as AsyncIterable<Chunk>);
  await served.wait();
  client.close();
  throws(() => client.unary(chunk(1), new Metadata(), {}, () => {}), /shut ?down/i);
  match(String((await failure(unary(client, chunk(1)))).message), /shut ?down/i);
  resume.come();
  deepStrictEqual((await within(running, "the stream")).map(({ number }) => number), [3]);
  strictEqual((await pair.calls.unary(chunk(4))).number, 5);
});
