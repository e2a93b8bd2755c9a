/** The types that turn a TypeScript interface into a gRPC client and its handlers. */

/** What a caller may set for one call. */
export interface CallOptions {
  /** Cancels the call when it fires. */
  readonly signal?: AbortSignal;
  /** The deadline, in milliseconds from now. None if left out. */
  readonly timeoutMs?: number;
  /** Metadata to send. Values of keys ending in `-bin` are base64, as on the wire. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Called with the peer's leading metadata when it comes. What it throws fails the call. */
  readonly onHeaders?: (metadata: Readonly<Record<string, string>>) => void;
  /**
   * Called with the peer's trailing metadata when the call has ended well. What
   * it throws fails the call.
   */
  readonly onTrailers?: (metadata: Readonly<Record<string, string>>) => void;
}

/** What a handler knows of the call it serves. */
export interface ServerCall {
  /** Fires when the caller cancels, the deadline passes, or the plugin shuts down. */
  readonly signal: AbortSignal;
  /** When the caller gives up, if it said so. */
  readonly deadline: Date | undefined;
  /** What the caller sent along. Values of keys ending in `-bin` are base64; repeated keys are joined by `, `. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Sends leading metadata. Only once, and before the first message. */
  sendHeaders(metadata: Readonly<Record<string, string>>): void;
  /** Sets the trailing metadata that goes out when the call ends well. */
  setTrailers(metadata: Readonly<Record<string, string>>): void;
}

/**
 * A method of a contract. A stream is an `AsyncIterable` on either side, which
 * makes the four kinds of gRPC method.
 */
// deno-lint-ignore no-explicit-any -- stands for any request and any response
export type Method = (request: any) => Promise<any> | AsyncIterable<any>;

/** A request stream may be given as anything that can be iterated. */
export type RequestInput<Q> = Q extends AsyncIterable<infer Message>
  ? AsyncIterable<Message> | Iterable<Message>
  : Q;

/** The client of a contract: its methods, each with call options as last argument. */
export type ClientOf<T> = {
  [K in keyof T]: T[K] extends (request: infer Q) => infer R
    ? (request: RequestInput<Q>, options?: CallOptions) => R
    : never;
};

/** The implementation of a contract: its methods, each with the call as last argument. */
export type HandlersOf<T> = {
  [K in keyof T]: T[K] extends (request: infer Q) => infer R
    ? R extends Promise<infer V> ? (request: Q, call: ServerCall) => Promise<V> | V
    : R extends AsyncIterable<infer V> ? (request: Q, call: ServerCall) => AsyncIterable<V>
    : never
    : never;
};

/**
 * One method as grpc-js, proto-loader, ts-proto and grpc-tools describe it.
 *
 * Source: grpc-js `MethodDefinition`.
 */
export interface MethodDefinition<Request = unknown, Response = unknown> {
  /** The path of the call: `/package.Service/Method`. */
  readonly path: string;
  /** Whether the caller sends a stream. */
  readonly requestStream: boolean;
  /** Whether the caller gets a stream. */
  readonly responseStream: boolean;
  /** Writes a request as bytes. */
  requestSerialize(value: Request): Uint8Array;
  /** Reads a request. */
  requestDeserialize(bytes: Uint8Array): Request;
  /** Writes a response as bytes. */
  responseSerialize(value: Response): Uint8Array;
  /** Reads a response. */
  responseDeserialize(bytes: Uint8Array): Response;
}

/** A service as a record of its methods. */
export type ServiceDefinition = Readonly<Record<string, MethodDefinition>>;

/** What generated code exports; its functions take and give types of their own. */
export type GeneratedDefinition = Readonly<
  Record<string, {
    readonly path: string;
    readonly requestStream: boolean;
    readonly responseStream: boolean;
    // deno-lint-ignore no-explicit-any -- generated code names its own message types
    readonly requestSerialize: (value: any) => Uint8Array;
    // deno-lint-ignore no-explicit-any -- as above
    readonly requestDeserialize: (bytes: any) => any;
    // deno-lint-ignore no-explicit-any -- as above
    readonly responseSerialize: (value: any) => Uint8Array;
    // deno-lint-ignore no-explicit-any -- as above
    readonly responseDeserialize: (bytes: any) => any;
  }>
>;

/** The contract of a generated definition. Its methods start with a small letter. */
export type ContractOf<D extends GeneratedDefinition> = {
  [K in keyof D & string as Uncapitalize<K>]: (
    request: Streamed<
      D[K]["requestStream"],
      Parameters<D[K]["requestSerialize"]>[0]
    >,
  ) => D[K]["responseStream"] extends true ? AsyncIterable<ReturnType<D[K]["responseDeserialize"]>>
    : Promise<ReturnType<D[K]["responseDeserialize"]>>;
};

/** A message, or a stream of them. */
export type Streamed<IsStream, Message> = IsStream extends true ? AsyncIterable<Message>
  : Message;
