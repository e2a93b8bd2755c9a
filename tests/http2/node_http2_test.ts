/**
 * Node's own HTTP/2 (nghttp2) as the peer, over real sockets: an oracle for
 * header compression and flow control.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { Connection } from "../../src/http2/connection.ts";
import { makeDuplexLink } from "../../src/http2/duplex_link.ts";
import type { Http2Error } from "../../src/http2/errors.ts";
import { PREFACE } from "../../src/http2/frames.ts";
import { HeaderTemplate } from "../../src/http2/hpack_encoder.ts";
import type { Http2Options } from "../../src/http2/options.ts";
import type { StreamHandler } from "../../src/http2/stream.ts";
import { within } from "../helpers/wait.ts";
import {
  concat,
  frame,
  newSeed,
  randomNumbers,
  Recorder,
  REQUEST,
  RESPONSE,
  TRAILERS,
  turn,
} from "./memory.ts";

const BASE = [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "x"];
const CALLS = 400;

/** A client of ours that waits until the peer has said its limits. */
async function connect(port: number, options: Http2Options = {}) {
  const socket = net.connect(port, "127.0.0.1");
  await within(once(socket, "connect"), "a connection");
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => isReady = resolve);
  let isClosed: (error: Http2Error | undefined) => void = () => {};
  const closed = new Promise<Http2Error | undefined>((resolve) => isClosed = resolve);
  const handler = { ready: isReady, closed: isClosed };
  const connection = new Connection("client", makeDuplexLink(socket), handler, options);
  await Promise.race([ready, closed]);
  return { connection, closed };
}

/** A server of ours; `answer` is called when a request has come whole. */
async function serve(
  answer: (
    stream: Parameters<NonNullable<Handler["request"]>>[0],
    recorder: Recorder,
    list: readonly string[],
  ) => void,
  options: Http2Options = {},
) {
  const closed: (Http2Error | undefined)[] = [];
  const server = net.createServer((socket) => {
    new Connection("server", makeDuplexLink(socket), {
      request(stream, headers): StreamHandler {
        const recorder = new Recorder();
        recorder.stream = stream;
        recorder.end = () => answer(stream, recorder, headers.list);
        return recorder;
      },
      closed: (error) => closed.push(error),
    }, options);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, closed };
}
type Handler = ConstructorParameters<typeof Connection>[2];

/** Header lists that repeat some fields and are new in others. */
function headerMaker(random: (below: number) => number): () => Record<string, string> {
  const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join("");
  const word = (length: number) =>
    Array.from({ length }, () => printable[random(95)]).join("").trim() || "x";
  const pool = Array.from({ length: 60 }, (_, at) => {
    return [`x-${at}-${"abc".repeat(random(8))}`, word(1 + random(120))] as const;
  });
  return () => {
    const headers: Record<string, string> = {};
    for (let count = random(12); count >= 0; count--) {
      const [name, value] = pool[random(60)]!;
      headers[name] = random(3) ? value : word(1 + random(random(40) ? 100 : 9000));
    }
    return headers;
  };
}

test("Connection of a server reads and writes headers as node:http2's client does", async () => {
  const seed = newSeed();
  const random = randomNumbers(seed);
  const headers = headerMaker(random);
  const { server, port } = await serve((stream, _recorder, list) => {
    stream.sendHeaders(RESPONSE);
    if (random(2)) stream.end(new HeaderTemplate(list));
    else stream.end(TRAILERS, list);
  });
  for (const headerTableSize of [0, 100, 4096, 65_536]) {
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { headerTableSize } });
    for (let call = 0; call < CALLS / 4; call++) {
      const sent = headers();
      const request = session.request({ ":path": "/", ...sent }, { endStream: true });
      request.resume();
      const [trailers] = await within(once(request, "trailers"), `trailers, seed ${seed}`);
      for (const [name, value] of Object.entries(sent)) {
        strictEqual(trailers[name], value, `seed ${seed}, table ${headerTableSize}, call ${call}`);
      }
    }
    session.close();
    await within(once(session, "close"), "the end of the session");
  }
  server.close();
});

test("Connection of a client reads and writes headers as node:http2's server does", async () => {
  const seed = newSeed();
  const random = randomNumbers(seed);
  const headers = headerMaker(random);
  for (const headerTableSize of [0, 512, 65_536]) {
    const server = http2.createServer({
      settings: { headerTableSize, maxHeaderListSize: 1 << 20 },
    });
    server.on("stream", (stream: http2.ServerHttp2Stream, received) => {
      const own = Object.entries(received).filter(([name]) => name.startsWith("x-"));
      stream.on("wantTrailers", () => stream.sendTrailers(Object.fromEntries(own)));
      stream.respond({ ":status": 200, ...Object.fromEntries(own.slice(0, 3)) }, {
        waitForTrailers: true,
      });
      stream.end("body");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { connection, closed } = await connect((server.address() as AddressInfo).port);
    for (let call = 0; call < CALLS / 3; call++) {
      const sent = headers();
      const list = Object.entries(sent).flat();
      const recorder = new Recorder();
      const ended = new Promise<void>((resolve, reject) => {
        recorder.end = resolve;
        recorder.reset = reject;
      });
      recorder.stream = random(2)
        ? connection.open(recorder, new HeaderTemplate(BASE), list, true)
        : connection.open(recorder, new HeaderTemplate([...BASE, ...list]), undefined, true);
      await within(ended, `an answer, seed ${seed}`);
      const where = `seed ${seed}, table ${headerTableSize}, call ${call}`;
      for (const [name, value] of Object.entries(sent)) {
        strictEqual(recorder.lastHeaders?.get(name), value, where);
      }
      for (const [name, value] of Object.entries(sent).slice(0, 3)) {
        strictEqual(recorder.response?.get(name), value, where);
      }
      strictEqual(new TextDecoder().decode(recorder.body), "body", where);
    }
    connection.close();
    strictEqual(await within(closed, "the end of the connection"), undefined);
    server.close();
  }
});

/** Bytes that can be told apart. */
function bytesOf(length: number, offset: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + offset + (at >> 8)) & 255);
}

test("Connection of a server echoes megabytes to node:http2's client, several at once", async () => {
  const { server, port } = await serve((stream, recorder) => {
    stream.sendHeaders(RESPONSE);
    stream.write(recorder.body);
    stream.end(TRAILERS);
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  await Promise.all([0, 1, 5_000, 70_000, 1 << 20, 3 << 20].map(async (length, number) => {
    const body = bytesOf(length, number);
    const request = session.request({ ":method": "POST", ":path": "/" });
    request.end(body);
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    await within(once(request, "end"), `the echo of ${length} bytes`);
    ok(equal(concat(...chunks), body), `${length} bytes`);
  }));
  session.close();
  await within(once(session, "close"), "the end of the session");
  server.close();
});

test("Connection of a client gets megabytes back from node:http2's server, several at once", async () => {
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { connection, closed } = await connect((server.address() as AddressInfo).port);
  await Promise.all([0, 1, 5_000, 70_000, 1 << 20, 3 << 20].map(async (length, number) => {
    const body = bytesOf(length, number);
    const recorder = new Recorder();
    const ended = new Promise<void>((resolve, reject) => {
      recorder.end = resolve;
      recorder.reset = reject;
    });
    const stream = recorder.stream = connection.open(recorder, new HeaderTemplate(BASE));
    stream.write(body.subarray(0, length >> 1));
    stream.write(body.subarray(length >> 1), true);
    await within(ended, `the echo of ${length} bytes`);
    ok(equal(recorder.body, body), `${length} bytes`);
  }));
  ok(await within(connection.ping(), "the answer to PING") >= 0);
  connection.close();
  strictEqual(await within(closed, "the end of the connection"), undefined);
  server.close();
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

test("Connection.close() of a server lets node:http2's client finish", async () => {
  let connection: Connection | undefined;
  const server = net.createServer((socket) => {
    connection = new Connection("server", makeDuplexLink(socket), {
      request(stream) {
        const recorder = new Recorder();
        recorder.end = () => {
          connection!.close();
          setTimeout(() => stream.sendHeaders(RESPONSE, undefined, true), 20);
        };
        return recorder;
      },
      closed() {},
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const goaway = once(session, "goaway");
  const request = session.request({ ":path": "/" });
  const [headers] = await within(once(request, "response"), "the answer");
  strictEqual(headers[":status"], 200);
  request.resume();
  await within(goaway, "GOAWAY");
  await within(once(session, "close"), "the end of the session");
  server.close();
});

test("Connection tells its streams when the socket is cut", async () => {
  const server = net.createServer((socket) => {
    socket.write(frame(4, 0, 0));
    socket.on("data", (bytes) => {
      if (bytes.includes("/p")) socket.destroy();
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { connection, closed } = await connect((server.address() as AddressInfo).port);
  const recorder = new Recorder();
  connection.open(recorder, REQUEST);
  const error = await within(closed, "the end of the connection");
  strictEqual(error?.reason, "link");
  strictEqual(recorder.events.length, 1);
  server.close();
});

test("Connection of a server survives peers that flood it and do not read, in bounded memory", async () => {
  const big = new Uint8Array(1 << 20);
  const { server, port, closed } = await serve((stream) => {
    stream.sendHeaders(RESPONSE);
    stream.write(big);
    stream.end(TRAILERS);
  }, { lingerMs: 50 });
  const settings = frame(4, 0, 0, [0, 4, 0x7f, 0xff, 0xff, 0xff]);
  const window = frame(8, 0, 0, [0x7f, 0, 0, 0]);
  const block = [0x83, 0x86, 0x84];
  let id = -1;
  const before = process.memoryUsage().rss;
  for (
    const again of [
      () => frame(6, 0, 0, new Uint8Array(8)),
      () => frame(4, 0, 0),
      () => frame(1, 5, id += 2, block),
      () => concat(frame(1, 4, id += 2, block), frame(3, 0, id, [0, 0, 0, 8])),
    ]
  ) {
    id = -1;
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    const cut = once(socket, "close");
    const count = closed.length;
    socket.write(concat(PREFACE, settings, window, frame(4, 1, 0)));
    const deadline = Date.now() + 20_000;
    while (closed.length === count && !socket.destroyed && Date.now() < deadline) {
      if (socket.writableLength < 1 << 20) {
        socket.write(concat(...Array.from({ length: 500 }, again)));
      }
      await turn();
    }
    socket.destroy();
    await within(cut, "the end of the socket");
  }
  const grown = (process.memoryUsage().rss - before) / (1 << 20);
  ok(grown < 250, `${grown} MiB more`);
  deepStrictEqual(closed.map((error) => error?.reason), ["flood", "flood", "flood", "flood"]);
  // It still serves.
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const request = session.request({ ":path": "/" });
  request.resume();
  await within(once(request, "end"), "an answer");
  session.close();
  await within(once(session, "close"), "the end of the session");
  server.close();
});
