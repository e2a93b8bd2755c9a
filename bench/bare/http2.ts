/** `node:http2` alone: the same bytes with no gRPC, the ceiling of whatever is built on it. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Blob } from "../bench.ts";
import type { Bare, BareTls } from "./calls.ts";

/** As wide as this module's own, so that like is compared with like. */
const WINDOW = 1024 * 1024;
const settings = { initialWindowSize: WINDOW };

async function joined(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return parts.length === 1 ? parts[0] as Uint8Array : Buffer.concat(parts);
}

async function writeAll(
  stream: ClientHttp2Stream | ServerHttp2Stream,
  blobs: AsyncIterable<Blob> | Iterable<Blob>,
): Promise<void> {
  for await (const { data } of blobs) {
    if (!stream.write(data)) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
}

function* zeros(chunks: number, size: number): Generator<Blob> {
  const data = new Uint8Array(size);
  for (let i = 0; i < chunks; i++) yield { data };
}

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  if (headers[":path"] === "/echo") {
    const data = await joined(stream);
    stream.respond();
    stream.end(data);
  } else if (headers[":path"] === "/download") {
    stream.respond();
    await writeAll(stream, zeros(Number(headers["x-chunks"]), Number(headers["x-size"])));
  } else if (headers[":path"] === "/upload") {
    let bytes = 0;
    for await (const part of stream) bytes += part.length;
    stream.respond();
    stream.end(String(bytes));
  } else {
    stream.respond();
    for await (const part of stream) stream.write(part);
    stream.end();
  }
}

function request(session: ClientHttp2Session, path: string, headers: object = {}) {
  return session.request({ ":method": "POST", ":path": path, ...headers }, { endStream: false });
}

/** Gives each piece as it comes, whatever its size: messages have no ends here. */
async function* pieces(stream: ClientHttp2Stream): AsyncGenerator<Blob> {
  for await (const data of stream) yield { data };
}

/** Carries the calls as plain requests. */
export const bareHttp2: Bare = {
  async serve(path, tls) {
    const server = tls === undefined
      ? createServer({ settings })
      : createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: true, settings });
    server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(WINDOW));
    server.on("stream", (stream: ServerHttp2Stream, headers) => {
      answer(stream, headers).catch(() => stream.destroy());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  },

  connect(path, tls: BareTls | undefined) {
    const session = connect("http://localhost", {
      settings,
      createConnection: () =>
        tls === undefined
          ? connectSocket(path)
          : connectTls({ path, ...tls, servername: "localhost", ALPNProtocols: ["h2"] }),
    });
    // The plugin ends first; calls under way hear of it by themselves.
    session.on("error", () => {});
    session.once("connect", () => session.setLocalWindowSize(WINDOW));
    return {
      calls: {
        async echo({ data }) {
          const stream = request(session, "/echo");
          stream.end(data);
          return { data: await joined(stream) };
        },
        async *download({ chunks, size }) {
          const stream = request(session, "/download", { "x-chunks": chunks, "x-size": size });
          stream.end();
          yield* pieces(stream);
        },
        async upload(blobs) {
          const stream = request(session, "/upload");
          await writeAll(stream, blobs);
          return { chunks: 0, bytes: new TextDecoder().decode(await joined(stream)) };
        },
        async *chat(blobs) {
          const stream = request(session, "/chat");
          const sent = writeAll(stream, blobs);
          yield* pieces(stream);
          await sent;
        },
      },
      close: () => session.destroy(),
    };
  },
};
