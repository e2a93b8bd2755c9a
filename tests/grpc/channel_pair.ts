/** A channel and a server without the layers above: bytes in, the same bytes out. */
import { connect, createServer, type Socket } from "node:net";
import { type ChannelOptions, ClientChannel } from "../../src/grpc/client_channel.ts";
import type { CallStart } from "../../src/grpc/client_channel.ts";
import { GrpcServer } from "../../src/grpc/server.ts";
import type { CallStatus } from "../../src/grpc/status.ts";
import { makeDuplexLink } from "../../src/http2/duplex_link.ts";
import type { Http2Options } from "../../src/http2/options.ts";
import { within } from "../helpers/wait.ts";

const LIMITS = {
  maxReceiveBytes: Infinity,
  maxSendBytes: Infinity,
  gunzip: (bytes: Uint8Array) => bytes,
};

/** How a call ended, and what it brought. */
export interface Outcome {
  readonly messages: readonly Uint8Array[];
  readonly status: CallStatus;
}

/** A channel with a server that answers each message of `/echo` with the same. */
export class ChannelPair implements AsyncDisposable {
  readonly channel: ClientChannel;
  /** How many connections there have been. */
  accepted = 0;
  /** Errors for the next tries to connect, each used once. */
  readonly refusals: Error[] = [];
  readonly #server: GrpcServer;
  readonly #listener = createServer();
  readonly #sockets = new Set<Socket>();

  /** Makes both, with the limits of their connections. */
  constructor(
    options: { readonly client?: Http2Options; readonly server?: Http2Options } = {},
    overrides: Partial<ChannelOptions> = {},
  ) {
    this.#server = new GrpcServer({ ...LIMITS, http2: options.server });
    this.#server.route("/echo", (call) => ({
      begin() {},
      message: (bytes) => void call.send(bytes.slice()),
      requestsEnd: () => call.finish(0, "", []),
      over() {},
      sent() {},
      drain() {},
    }));
    this.#listener.on("connection", (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      this.#server.serve(makeDuplexLink(socket));
    });
    this.channel = new ClientChannel({
      ...LIMITS,
      connect: () => this.#connect(),
      scheme: "http",
      authority: "localhost",
      userAgent: "test",
      connectTimeoutMs: 10_000,
      http2: options.client,
      ...overrides,
    });
  }

  #connect() {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Promise.reject(refusal);
    const { port } = this.#listener.address() as { port: number };
    return Promise.resolve(makeDuplexLink(connect({ host: "127.0.0.1", port })));
  }

  /** Listens. */
  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#listener.listen(0, "127.0.0.1", () => resolve()));
    return this;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Sends one message and waits for the end of the call. */
  call(message: Uint8Array, start: Partial<CallStart> = {}): Promise<Outcome> {
    const messages: Uint8Array[] = [];
    const outcome = new Promise<Outcome>((resolve) => {
      const call = this.channel.call({
        path: "/echo",
        metadata: [],
        deadlineMs: Infinity,
        ...start,
      }, {
        headers() {},
        message: (bytes) => void messages.push(Uint8Array.from(bytes)),
        status: (status) => resolve({ messages, status }),
        drain() {},
      });
      call.send(message, true);
    });
    return within(outcome, "the status");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.channel.close(new Error("The test is over"));
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    await this.#server.stop(0);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
