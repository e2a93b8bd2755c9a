/** The service of gRPC's interop tests, and what its methods do. */
import {
  type HandlersOf,
  RpcError,
  type ServerCall,
  service,
  type StatusName,
} from "../../../mod.ts";
import { STATUS_CODES } from "../../../src/errors.ts";
import type { LoadedService, Service } from "../../../src/rpc/service.ts";
import { descriptor } from "./testing_descriptor.ts";

/** Bytes that stand for nothing. */
export interface Payload {
  readonly body: Uint8Array;
}

/** A status to answer with. */
export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface SimpleRequest {
  readonly responseSize?: number;
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
}

export interface StreamRequest {
  readonly responseParameters?: readonly { readonly size?: number; readonly intervalUs?: number }[];
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
}

/** The answer to most. */
export interface Answer {
  readonly payload?: Payload | null;
}

export interface TestContract {
  emptyCall(request: object): Promise<object>;
  unaryCall(request: SimpleRequest): Promise<Answer>;
  streamingOutputCall(request: StreamRequest): AsyncIterable<Answer>;
  streamingInputCall(
    requests: AsyncIterable<Answer>,
  ): Promise<{ readonly aggregatedPayloadSize: number }>;
  fullDuplexCall(requests: AsyncIterable<StreamRequest>): AsyncIterable<Answer>;
  unimplementedCall(request: object): Promise<object>;
}

export const TestService: Service<TestContract> = service<TestContract>(
  descriptor,
  "grpc.testing.TestService",
);

export const UnimplementedService: Service<Pick<TestContract, "unimplementedCall">> = service<
  Pick<TestContract, "unimplementedCall">
>(descriptor, "grpc.testing.UnimplementedService");

/** The keys whose values a server sends back, the second in its trailers. */
export const ECHO_INITIAL = "x-grpc-test-echo-initial";
export const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";

/** So many zeros. */
export function zeros(size: number): Payload {
  return { body: new Uint8Array(size) };
}

/** The service without the method that no server has. */
export async function loadImplemented(): Promise<LoadedService> {
  const loaded = await TestService.load();
  const methods = new Map(loaded.methods);
  methods.delete("unimplementedCall");
  return { ...loaded, methods };
}

function echoMetadata(call: ServerCall): Record<string, string> {
  const { [ECHO_INITIAL]: initial, [ECHO_TRAILING]: trailing } = call.metadata;
  if (initial !== undefined) call.sendHeaders({ [ECHO_INITIAL]: initial });
  const trailers = trailing === undefined ? {} : { [ECHO_TRAILING]: trailing };
  call.setTrailers(trailers);
  return trailers;
}

function throwStatus(
  status: EchoStatus | null | undefined,
  metadata: Record<string, string>,
): void {
  if (!status?.code) return;
  const [name] = Object.entries(STATUS_CODES).find(([, code]) => code === status.code) ?? [];
  throw new RpcError(name as StatusName, status.message, { metadata });
}

async function* answers({ responseParameters = [] }: StreamRequest): AsyncGenerator<Answer> {
  for (const { size = 0, intervalUs = 0 } of responseParameters) {
    if (intervalUs > 0) await new Promise((resolve) => setTimeout(resolve, intervalUs / 1000));
    yield { payload: zeros(size) };
  }
}

/** What the methods do, as gRPC's description of the interop tests has it. */
export const handlers: Omit<HandlersOf<TestContract>, "unimplementedCall"> = {
  emptyCall: () => ({}),
  unaryCall({ responseSize = 0, responseStatus }, call) {
    throwStatus(responseStatus, echoMetadata(call));
    return { payload: zeros(responseSize) };
  },
  streamingOutputCall: answers,
  async streamingInputCall(requests) {
    let count = 0;
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) {
      count++;
      aggregatedPayloadSize += payload?.body.length ?? 0;
    }
    // Go's client cancels its empty upload, and still takes an answer that is there when it looks.
    if (count === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, call) {
    const trailers = echoMetadata(call);
    for await (const request of requests) {
      throwStatus(request.responseStatus, trailers);
      yield* answers(request);
    }
  },
};
