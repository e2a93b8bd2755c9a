/** HTTP/2 requests made by hand, to see and to send what no client of ours would. */
import { Buffer } from "node:buffer";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "../../src/wire/address.ts";

/** What came back. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  /** The messages, without their prefixes. */
  readonly messages: readonly Buffer[];
  /** The trailers; the headers where there were no others. */
  readonly trailers: IncomingHttpHeaders;
  /** The code with which the stream was reset, or 0. */
  readonly resetCode: number;
}

/** A message with the prefix that gRPC puts before it. */
export function prefixed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The messages in a body. */
export function messagesOf(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let offset = 0; offset < body.length;) {
    const end = offset + 5 + body.readUInt32BE(offset + 1);
    messages.push(body.subarray(offset + 5, end));
    offset = end;
  }
  return messages;
}

/** One connection. */
export class RawClient {
  readonly session: ClientHttp2Session;

  /** @param tls Connects with TLS, without a certificate, to whoever answers. */
  constructor(address: Address, tls = false) {
    const target = address.network === "unix" ? { path: address.path } : address;
    this.session = connect("http://localhost", {
      createConnection: () =>
        tls
          ? connectTls({ ...target, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
          : connectSocket(target),
    });
    this.session.on("error", () => {}); // Its streams tell.
  }

  /** Opens a call. */
  open(path: string, headers: Readonly<Record<string, string | readonly string[]>> = {}) {
    const stream = this.session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers as Record<string, string | string[]>,
    });
    stream.on("error", () => {}); // The reset code tells.
    return stream;
  }

  /** Makes a call with this body. */
  async call(
    path: string,
    body: Uint8Array | readonly Uint8Array[],
    headers?: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<RawAnswer> {
    const stream = this.open(path, headers);
    let responseHeaders: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders | undefined;
    const parts: Uint8Array[] = [];
    stream.on("response", (received) => responseHeaders = received);
    stream.on("trailers", (received) => trailers = received);
    stream.on("data", (part: Uint8Array) => parts.push(part));
    const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
    for (const part of body instanceof Uint8Array ? [body] : body) stream.write(part);
    stream.end();
    await closed;
    return {
      headers: responseHeaders,
      messages: messagesOf(Buffer.concat(parts)),
      trailers: trailers ?? responseHeaders,
      resetCode: stream.rstCode ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.session.once("close", () => resolve()));
    if (this.session.destroyed) return;
    this.session.destroy();
    await closed;
  }
}
