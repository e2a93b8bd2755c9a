/** An HTTP/2 server that answers as a test says, right or wrong. */
import { Buffer } from "node:buffer";
import { createServer, type Http2Server, type OutgoingHttpHeaders } from "node:http2";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Address } from "../../src/wire/address.ts";

/** What is done with a request. */
export type Script = (stream: ServerHttp2Stream) => void;

/** The headers with which a gRPC answer begins. */
export const GRPC_HEADERS = { ":status": 200, "content-type": "application/grpc" };

/** Answers with a body and trailers. */
export function answer(
  stream: ServerHttp2Stream,
  body: Uint8Array | readonly Uint8Array[],
  trailers: OutgoingHttpHeaders,
): void {
  stream.respond(GRPC_HEADERS, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  for (const part of body instanceof Uint8Array ? [body] : body) stream.write(Buffer.from(part));
  stream.end();
}

export class ScriptedServer {
  /** What is done with the next requests. */
  script: Script = (stream) => stream.respond({ ":status": 404 }, { endStream: true });
  /** How many connections there have been. */
  accepted = 0;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(server: Http2Server) {
    this.#server = server;
    server.on("session", (session) => {
      this.accepted++;
      this.#sessions.add(session);
      session.on("error", () => {});
      session.once("close", () => this.#sessions.delete(session));
    });
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.resume();
      this.script(stream as ServerHttp2Stream);
    });
  }

  /** Listens on a port of its own. */
  static async open(): Promise<ScriptedServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    return new ScriptedServer(server);
  }

  get address(): Address {
    const { port } = this.#server.address() as { port: number };
    return { network: "tcp", host: "127.0.0.1", port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}
