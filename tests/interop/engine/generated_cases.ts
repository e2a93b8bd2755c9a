/** gRPC's interop cases, made with a grpc-js client as generated code has it, on our channel. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  Metadata,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { collect, Happening } from "../../rpc/waiting.ts";
import { type Answer, ECHO_INITIAL, ECHO_TRAILING, type StreamRequest } from "./test_service.ts";
import { type SimpleRequest, zeros } from "./test_service.ts";

type Callback<T> = (error: ServiceError | null, response?: T) => void;
type Unary<Q, S> = (
  request: Q,
  metadata: Metadata,
  options: CallOptions,
  callback: Callback<S>,
) => ClientUnaryCall;

/** The client as a generator of code would type it. */
export interface GeneratedClient extends Client {
  emptyCall: Unary<object, object>;
  unaryCall: Unary<SimpleRequest, Answer>;
  unimplementedCall: Unary<object, object>;
  streamingOutputCall(request: StreamRequest): ClientReadableStream<Answer>;
  streamingInputCall(
    callback: Callback<{ aggregatedPayloadSize: number }>,
  ): ClientWritableStream<Answer>;
  fullDuplexCall(
    metadata?: Metadata,
    options?: CallOptions,
  ): ClientDuplexStream<StreamRequest, Answer>;
}

/** The clients that a case uses. */
export interface GeneratedClients {
  readonly test: GeneratedClient;
  readonly unimplemented: GeneratedClient;
}

const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

const sizeOf = (answer: Answer | undefined) => answer?.payload?.body.length;

/** Makes a call with a callback. */
function called<T>(make: (callback: Callback<T>) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    make((error, response) => error === null ? resolve(response) : reject(error));
  });
}

function unary<Q, S>(client: Client, method: Unary<Q, S>, request: Q): Promise<S | undefined> {
  return called((callback) => method.call(client, request, new Metadata(), {}, callback));
}

async function hasStatus(code: number, call: Promise<unknown>, details?: string): Promise<void> {
  const error: ServiceError = await call.then(
    () => Promise.reject(new Error("The call did not fail")),
    (error) => error,
  );
  strictEqual(error.code, code, error.message);
  if (details !== undefined) strictEqual(error.details, details);
}

/** The messages of a stream, one at a time. */
function reader(stream: AsyncIterable<unknown>): () => Promise<Answer | undefined> {
  const messages = stream[Symbol.asyncIterator]();
  return async () => (await messages.next()).value as Answer | undefined;
}

/** The cases by the names that grpc-go's client has for them. */
export const GENERATED_CASES: Readonly<
  Record<string, (clients: GeneratedClients) => Promise<void>>
> = {
  async empty_unary({ test }) {
    deepStrictEqual(await unary(test, test.emptyCall, {}), {});
  },
  async large_unary({ test }) {
    const request = { responseSize: 314_159, payload: zeros(271_828) };
    strictEqual(sizeOf(await unary(test, test.unaryCall, request)), 314_159);
  },
  async client_streaming({ test }) {
    const answer = await called<{ aggregatedPayloadSize: number }>((callback) => {
      const stream = test.streamingInputCall(callback);
      for (const size of [27_182, 8, 1_828, 45_904]) stream.write({ payload: zeros(size) });
      stream.end();
    });
    strictEqual(answer?.aggregatedPayloadSize, 74_922);
  },
  async server_streaming({ test }) {
    const sizes = [31_415, 9, 2_653, 58_979];
    const request = { responseParameters: sizes.map((size) => ({ size })) };
    const answers = await collect(test.streamingOutputCall(request) as AsyncIterable<Answer>);
    deepStrictEqual(answers.map(sizeOf), sizes);
  },
  async ping_pong({ test }) {
    const stream = test.fullDuplexCall();
    const next = reader(stream);
    for (const [sent, asked] of [[27_182, 31_415], [8, 9], [1_828, 2_653], [45_904, 58_979]]) {
      stream.write({ responseParameters: [{ size: asked! }], payload: zeros(sent!) });
      strictEqual(sizeOf(await next()), asked);
    }
    stream.end();
    strictEqual(await next(), undefined);
  },
  async empty_stream({ test }) {
    const stream = test.fullDuplexCall();
    stream.end();
    deepStrictEqual(await collect(stream as AsyncIterable<Answer>), []);
  },
  async timeout_on_sleeping_server({ test }) {
    const stream = test.fullDuplexCall(new Metadata(), { deadline: Date.now() + 1 });
    stream.write({ payload: zeros(27_182) });
    await hasStatus(4, collect(stream as AsyncIterable<Answer>));
  },
  async cancel_after_begin({ test }) {
    let stream: ClientWritableStream<Answer> | undefined;
    const call = called<unknown>((callback) => stream = test.streamingInputCall(callback));
    stream?.cancel();
    await hasStatus(1, call);
  },
  async cancel_after_first_response({ test }) {
    const stream = test.fullDuplexCall();
    const next = reader(stream);
    stream.write({ responseParameters: [{ size: 31_415 }], payload: zeros(27_182) });
    strictEqual(sizeOf(await next()), 31_415);
    stream.cancel();
    await hasStatus(1, next());
  },
  async custom_metadata({ test }) {
    const metadata = new Metadata();
    const bytes = Buffer.from([0xab, 0xab, 0xab]);
    metadata.set(ECHO_INITIAL, "test_initial_metadata_value");
    metadata.set(ECHO_TRAILING, bytes);
    const listen = (call: ClientUnaryCall | ClientDuplexStream<StreamRequest, Answer>) => {
      const headers = new Happening<Metadata>("the headers");
      const status = new Happening<StatusObject>("the status");
      call.on("metadata", headers.come);
      call.on("status", status.come);
      return async () => {
        const initial = (await headers.wait()).get(ECHO_INITIAL);
        deepStrictEqual(initial, ["test_initial_metadata_value"]);
        deepStrictEqual((await status.wait()).metadata.get(ECHO_TRAILING), [bytes]);
      };
    };
    let look: (() => Promise<void>) | undefined;
    await called<Answer>((callback) => {
      const request = { responseSize: 1, payload: zeros(1) };
      look = listen(test.unaryCall(request, metadata, {}, callback));
    });
    await look?.();
    const stream = test.fullDuplexCall(metadata);
    look = listen(stream);
    stream.write({ responseParameters: [{ size: 1 }], payload: zeros(1) });
    stream.end();
    strictEqual((await collect(stream as AsyncIterable<Answer>)).length, 1);
    await look();
  },
  async status_code_and_message({ test }) {
    const responseStatus = { code: 2, message: "test status message" };
    await hasStatus(2, unary(test, test.unaryCall, { responseStatus }), responseStatus.message);
    const stream = test.fullDuplexCall();
    stream.write({ responseStatus });
    stream.end();
    await hasStatus(2, collect(stream as AsyncIterable<Answer>), responseStatus.message);
  },
  async special_status_message({ test }) {
    const request = { responseStatus: { code: 2, message: SPECIAL } };
    await hasStatus(2, unary(test, test.unaryCall, request), SPECIAL);
  },
  async unimplemented_method({ test }) {
    await hasStatus(12, unary(test, test.unimplementedCall, {}));
  },
  async unimplemented_service({ unimplemented }) {
    await hasStatus(12, unary(unimplemented, unimplemented.unimplementedCall, {}));
  },
  async rpc_soak({ test }) {
    for (let call = 0; call < 200; call++) {
      const request = { responseSize: 314_159, payload: zeros(271_828) };
      strictEqual(sizeOf(await unary(test, test.unaryCall, request)), 314_159);
    }
  },
};
