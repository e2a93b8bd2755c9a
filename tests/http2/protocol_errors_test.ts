/** What a peer does wrong, and what it hears of it. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, errorCodeName, Http2Error } from "../../src/http2/errors.ts";
import { PREFACE } from "../../src/http2/frames.ts";
import {
  concat,
  frame,
  greeted,
  harness,
  hex,
  Recorder,
  REQUEST,
  REQUEST_BLOCK,
  RESPONSE,
  RESPONSE_BLOCK,
  settings,
  TRAILERS,
  turn,
  u32,
} from "./memory.ts";

const {
  protocolError,
  flowControlError,
  streamClosed,
  frameSizeError,
  compressionError,
  enhanceYourCalm,
} = ErrorCode;
const OPEN = frame(1, 4, 1, REQUEST_BLOCK);
const WHOLE = frame(1, 5, 1, REQUEST_BLOCK);
const WINDOW_MAX = u32(0x7fffffff);

// The connection ends: the server says GOAWAY with this code.
for (
  const [name, code, bytes] of [
    ["HTTP/1", protocolError, new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["DATA on stream 0", protocolError, frame(0, 0, 0, [1])],
    ["DATA on an idle stream", protocolError, frame(0, 0, 1, [1])],
    ["HEADERS on stream 0", protocolError, frame(1, 5, 0, REQUEST_BLOCK)],
    ["HEADERS on an even stream", protocolError, frame(1, 5, 2, REQUEST_BLOCK)],
    [
      "HEADERS below the last id",
      protocolError,
      concat(frame(1, 5, 5, REQUEST_BLOCK), frame(1, 5, 3, REQUEST_BLOCK)),
    ],
    ["HEADERS padded beyond their end", protocolError, frame(1, 0xd, 1, [10, ...REQUEST_BLOCK])],
    ["padded HEADERS of no bytes", frameSizeError, frame(1, 0xd, 1)],
    ["HEADERS too short for a priority", frameSizeError, frame(1, 0x25, 1, [0, 0, 0])],
    [
      "HEADERS that depend on themselves",
      protocolError,
      frame(1, 0x25, 1, [0, 0, 0, 1, 9, ...REQUEST_BLOCK]),
    ],
    ["a block that is no HPACK", compressionError, frame(1, 5, 1, [0x80])],
    [
      "CONTINUATION that is no HPACK",
      compressionError,
      concat(frame(1, 1, 1, [0x40]), frame(9, 4, 1, [5])),
    ],
    ["PRIORITY on stream 0", protocolError, frame(2, 0, 0, [0, 0, 0, 3, 1])],
    ["RST_STREAM on stream 0", protocolError, frame(3, 0, 0, u32(8))],
    ["RST_STREAM on an idle stream", protocolError, frame(3, 0, 1, u32(8))],
    ["RST_STREAM of 3 bytes", frameSizeError, concat(OPEN, frame(3, 0, 1, [0, 0, 0]))],
    ["SETTINGS on a stream", protocolError, frame(4, 0, 1)],
    ["SETTINGS of 5 bytes", frameSizeError, frame(4, 0, 0, [0, 3, 0, 0, 0])],
    ["acknowledged SETTINGS with bytes", frameSizeError, frame(4, 1, 0, settings(3, 1))],
    ["ENABLE_PUSH of 2", protocolError, frame(4, 0, 0, settings(2, 2))],
    ["INITIAL_WINDOW_SIZE of 2^31", flowControlError, frame(4, 0, 0, settings(4, 2 ** 31))],
    ["MAX_FRAME_SIZE of 16383", protocolError, frame(4, 0, 0, settings(5, 16_383))],
    ["MAX_FRAME_SIZE of 2^24", protocolError, frame(4, 0, 0, settings(5, 2 ** 24))],
    ["PUSH_PROMISE", protocolError, concat(OPEN, frame(5, 4, 1, [0, 0, 0, 2]))],
    ["PING on a stream", protocolError, frame(6, 0, 1, new Uint8Array(8))],
    ["PING of 7 bytes", frameSizeError, frame(6, 0, 0, new Uint8Array(7))],
    ["GOAWAY on a stream", protocolError, frame(7, 0, 1, u32(0, 0))],
    ["GOAWAY of 7 bytes", frameSizeError, frame(7, 0, 0, new Uint8Array(7))],
    ["WINDOW_UPDATE of 3 bytes", frameSizeError, frame(8, 0, 0, [0, 0, 1])],
    ["WINDOW_UPDATE of 0 for the connection", protocolError, frame(8, 0, 0, u32(0))],
    ["WINDOW_UPDATE on an idle stream", protocolError, frame(8, 0, 1, u32(1))],
    ["a connection window above 2^31 - 1", flowControlError, frame(8, 0, 0, WINDOW_MAX)],
    ["CONTINUATION alone", protocolError, frame(9, 4, 1)],
    [
      "INITIAL_WINDOW_SIZE too large for a stream",
      flowControlError,
      concat(OPEN, frame(8, 0, 1, u32(100)), frame(4, 0, 0, settings(4, 0x7fffffff))),
    ],
  ] as const
) {
  test(`Connection of a server ends with ${errorCodeName(code)} for ${name}`, async () => {
    const made = name === "HTTP/1" ? await harness("server") : await greeted("server");
    made.link.take();
    made.link.feed(bytes);
    await turn();
    const goaway = made.link.takeFrames().at(-1)!;
    strictEqual(goaway.type, 7);
    deepStrictEqual(goaway.payload.slice(4, 8), u32(code));
    ok(made.link.isEnded);
    strictEqual(made.error()?.code, code);
    strictEqual(made.error()?.reason, "protocol");
    match(made.error()!.message, /^Cannot go on with the HTTP\/2 peer: .*[^.]$/);
    // A peer that does not read keeps nothing open.
    ok(!made.link.isDestroyed);
    made.clock.advance(1000);
    ok(made.link.isDestroyed);
    strictEqual(made.clock.size, 0);
  });
}

// The stream ends: the server resets it with this code, and the connection goes on.
for (
  const [name, code, bytes] of [
    ["DATA after its end", streamClosed, concat(WHOLE, frame(0, 0, 1, [1]))],
    ["HEADERS after its end", streamClosed, concat(WHOLE, frame(1, 5, 1, hex("00 0161 0162")))],
    [
      "trailers that are not the end",
      protocolError,
      concat(OPEN, frame(1, 4, 1, hex("00 0161 0162"))),
    ],
    ["a pseudo-header field in trailers", protocolError, concat(OPEN, frame(1, 5, 1, hex("88")))],
    ["PRIORITY of 4 bytes", frameSizeError, concat(OPEN, frame(2, 0, 1, [0, 0, 0, 3]))],
    ["PRIORITY on itself", protocolError, concat(OPEN, frame(2, 0, 1, [0, 0, 0, 1, 9]))],
    ["WINDOW_UPDATE of 0", protocolError, concat(OPEN, frame(8, 0, 1, u32(0)))],
    ["a window above 2^31 - 1", flowControlError, concat(OPEN, frame(8, 0, 1, WINDOW_MAX))],
    ["no :path", protocolError, frame(1, 5, 1, hex("83 86"))],
    ["no :method", protocolError, frame(1, 5, 1, hex("84 86"))],
    ["no :scheme", protocolError, frame(1, 5, 1, hex("83 84"))],
    ["two :path", protocolError, frame(1, 5, 1, hex("83 84 84 86"))],
    ["two :authority", protocolError, frame(1, 5, 1, hex("83 84 86 01 00 01 00"))],
    [":status in a request", protocolError, frame(1, 5, 1, hex("83 84 86 88"))],
    [":path after another field", protocolError, frame(1, 5, 1, hex("83 86 00 0161 0162 84"))],
    [
      "an unknown pseudo-header field",
      protocolError,
      frame(1, 5, 1, hex("83 84 86 00 023a61 0162")),
    ],
    ["an upper-case name", protocolError, frame(1, 5, 1, hex("83 84 86 00 0141 0162"))],
    ["a line break in a value", protocolError, frame(1, 5, 1, hex("83 84 86 00 0161 010a"))],
    [
      "connection-specific fields",
      protocolError,
      frame(1, 5, 1, hex("83 84 86 00 0775706772616465 0162")),
    ],
    ["two lengths", protocolError, frame(1, 4, 1, hex("83 84 86 0f0d 0131 0f0d 0132"))],
    [
      "less DATA than content-length says",
      protocolError,
      concat(frame(1, 4, 1, hex("83 84 86 0f0d 0132")), frame(0, 1, 1, [1])),
    ],
    [
      "more DATA than content-length says",
      protocolError,
      concat(frame(1, 4, 1, hex("83 84 86 0f0d 0132")), frame(0, 0, 1, [1, 2, 3])),
    ],
    [
      "no DATA where content-length says some",
      protocolError,
      frame(1, 5, 1, hex("83 84 86 0f0d 0132")),
    ],
    [
      "trailers where content-length says DATA",
      protocolError,
      concat(frame(1, 4, 1, hex("83 84 86 0f0d 0132")), frame(1, 5, 1, hex("00 0161 0162"))),
    ],
  ] as const
) {
  test(`Connection of a server resets a stream with ${errorCodeName(code)} for ${name}`, async () => {
    const made = await greeted("server");
    made.link.feed(bytes);
    await turn();
    deepStrictEqual(made.link.takeFrames(), [{ type: 3, flags: 0, id: 1, payload: u32(code) }]);
    const recorder = made.requests[0]?.recorder;
    if (recorder !== undefined) strictEqual(recorder.events.at(-1), `reset ${code} protocol`);
    strictEqual(made.connection.streamCount, 0);
    // The next one is answered.
    made.link.feed(frame(1, 5, 3, REQUEST_BLOCK));
    made.requests.at(-1)!.stream.sendHeaders(RESPONSE, undefined, true);
    await turn();
    deepStrictEqual(made.link.takeFrames(), [
      { type: 1, flags: 5, id: 3, payload: RESPONSE_BLOCK },
    ]);
    deepStrictEqual(made.events, ["ready"]);
  });
}

test("Connection of a server ends with STREAM_CLOSED for frames on a stream that has ended", async () => {
  for (const bytes of [frame(0, 1, 1, [1]), frame(1, 5, 1, REQUEST_BLOCK)]) {
    const made = await greeted("server");
    made.link.feed(WHOLE);
    made.requests[0]!.stream.sendHeaders(RESPONSE, undefined, true);
    // These may have been under way.
    made.link.feed(frame(8, 0, 1, u32(5)), frame(3, 0, 1, u32(8)), frame(2, 0, 1, [0, 0, 0, 3, 1]));
    strictEqual(made.error(), undefined);
    made.link.feed(bytes);
    strictEqual(made.error()?.code, streamClosed);
  }
});

test("Connection ignores what was under way when it reset a stream", async () => {
  const made = await greeted("server");
  made.link.feed(OPEN);
  made.requests[0]!.stream.reset(ErrorCode.cancel);
  made.link.feed(
    frame(0, 0, 1, [1, 2, 3]),
    frame(1, 5, 1, hex("40 0161 0162")), // fills the table even so
    frame(8, 0, 1, u32(0)),
    frame(3, 0, 1, u32(8)),
  );
  made.link.feed(frame(1, 5, 3, concat(REQUEST_BLOCK, hex("be"))));
  strictEqual(made.requests[1]!.headers.get("a"), "b");
  deepStrictEqual(made.requests[0]!.recorder.events, []);
  deepStrictEqual(made.events, ["ready"]);
});

// The client: what a server does wrong.
for (
  const [name, code, bytes] of [
    ["ENABLE_PUSH of 1", protocolError, frame(4, 0, 0, settings(2, 1))],
    ["a stream of the server's", protocolError, frame(1, 4, 2, RESPONSE_BLOCK)],
    ["an idle stream", protocolError, frame(1, 4, 3, RESPONSE_BLOCK)],
    ["PUSH_PROMISE", protocolError, frame(5, 4, 1, concat(u32(2), REQUEST_BLOCK))],
    ["DATA on an idle stream", protocolError, frame(0, 0, 3, [1])],
  ] as const
) {
  test(`Connection of a client ends with ${errorCodeName(code)} for ${name}`, async () => {
    const made = await greeted("client");
    const recorder = new Recorder();
    made.connection.open(recorder, REQUEST);
    await turn();
    made.link.feed(bytes);
    strictEqual(made.error()?.code, code);
    deepStrictEqual(recorder.events, [`reset ${code} protocol`]);
  });
}

for (
  const [name, code, bytes] of [
    ["no :status", protocolError, frame(1, 4, 1, hex("00 0161 0162"))],
    ["two :status", protocolError, frame(1, 4, 1, hex("88 88"))],
    ["status 101", protocolError, frame(1, 4, 1, hex("08 03 313031"))],
    ["status 20", protocolError, frame(1, 4, 1, hex("08 02 3230"))],
    [":method in a response", protocolError, frame(1, 4, 1, hex("88 83"))],
    ["the end after status 100", protocolError, frame(1, 5, 1, hex("08 03 313030"))],
    [
      "DATA other than content-length says",
      protocolError,
      concat(frame(1, 4, 1, hex("88 0f0d 0131")), frame(0, 1, 1, [1, 2])),
    ],
    [
      "a header list that is too large",
      protocolError,
      frame(
        1,
        4,
        1,
        concat(
          hex("88 40 0161 7f a1 1e"),
          new Uint8Array(4000).fill(98),
          new Uint8Array(100).fill(0xbe),
        ),
      ),
    ],
  ] as const
) {
  test(`Connection of a client resets a stream with ${errorCodeName(code)} for ${name}`, async () => {
    const made = await greeted("client");
    const recorder = new Recorder();
    made.connection.open(recorder, REQUEST);
    await turn();
    made.link.take();
    made.link.feed(bytes);
    await turn();
    deepStrictEqual(made.link.takeFrames(), [{ type: 3, flags: 0, id: 1, payload: u32(code) }]);
    strictEqual(recorder.events.at(-1), `reset ${code} protocol`);
    deepStrictEqual(made.events, ["ready"]);
  });
}

test("Connection passes over informational responses, unknown frames, settings and priorities", async () => {
  const made = await greeted("client");
  const recorder = new Recorder();
  made.connection.open(recorder, REQUEST, undefined, true);
  await turn();
  made.link.feed(
    frame(4, 0, 0, settings(99, 5, 8, 1)),
    frame(77, 255, 1, [1, 2]),
    frame(77, 255, 0, [1, 2]),
    frame(2, 0, 1, [0, 0, 0, 3, 1]),
    frame(1, 4, 1, hex("08 03 313033")),
    frame(1, 0x2c, 1, concat(hex("02 80000003 07"), RESPONSE_BLOCK, hex("0000"))),
    frame(0, 8, 1, [3, 7, 7, 0, 0, 0]),
    frame(1, 1, 1, []),
    frame(9, 4, 1, hex("00 0161 0162")),
  );
  deepStrictEqual(recorder.events, ["headers 200", "data", "trailers", "end"]);
  deepStrictEqual(recorder.body, Uint8Array.of(7, 7));
  deepStrictEqual(recorder.lastHeaders?.list, ["a", "b"]);
});

test("Connection of a server refuses a header list that is too large with ENHANCE_YOUR_CALM", async () => {
  const made = await greeted("server", { maxHeaderListBytes: 200 });
  const field = concat(hex("00 0161 7f 49"), new Uint8Array(200).fill(98));
  made.link.feed(frame(1, 5, 1, concat(REQUEST_BLOCK, field)));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: 3, flags: 0, id: 1, payload: u32(enhanceYourCalm) },
  ]);
  deepStrictEqual(made.requests, []);
});

test("Connection of a server refuses streams above the limit, and takes them again", async () => {
  const made = await greeted("server", { maxConcurrentStreams: 2 });
  for (const id of [1, 3, 5]) made.link.feed(frame(1, 4, id, REQUEST_BLOCK));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: 3, flags: 0, id: 5, payload: u32(ErrorCode.refusedStream) },
  ]);
  made.requests[0]!.stream.reset();
  made.link.feed(frame(0, 0, 5, [1]), frame(1, 4, 7, REQUEST_BLOCK));
  deepStrictEqual(made.requests.map(({ stream }) => stream.id), [1, 3, 7]);
  deepStrictEqual(made.events, ["ready"]);
});

test("Connection ends with INTERNAL_ERROR when a handler throws, and gives the error as the cause", async () => {
  const cause = new Error("a bug");
  const made = await greeted("server", {}, {
    request() {
      throw cause;
    },
  });
  made.link.feed(WHOLE);
  await turn();
  strictEqual(made.error()?.reason, "handler");
  strictEqual(made.error()?.cause, cause);
  const goaway = made.link.takeFrames().at(-1)!;
  deepStrictEqual(goaway.payload, u32(1, ErrorCode.internalError));
});

test("Http2Stream does nothing once it is over", async () => {
  const made = await greeted("server");
  made.link.feed(WHOLE);
  const { stream } = made.requests[0]!;
  stream.sendHeaders(RESPONSE);
  stream.end(TRAILERS);
  await turn();
  made.link.take();
  ok(stream.isClosed && stream.isSendEnded && stream.isReceiveEnded);
  stream.sendHeaders(RESPONSE);
  strictEqual(stream.write(new Uint8Array(9)), true);
  strictEqual(stream.writePair(new Uint8Array(1), new Uint8Array(9)), true);
  stream.end();
  stream.resetAfterEnd(0);
  stream.reset();
  await turn();
  strictEqual(made.link.take().length, 0);
});

test("errorCodeName() names codes as the RFC does", () => {
  strictEqual(errorCodeName(ErrorCode.enhanceYourCalm), "ENHANCE_YOUR_CALM");
  strictEqual(errorCodeName(ErrorCode.http11Required), "HTTP_1_1_REQUIRED");
  strictEqual(errorCodeName(77), "code 77");
  ok(new Http2Error(1, "protocol", "m") instanceof Error);
});

test("PREFACE is what the RFC says", () => {
  strictEqual(new TextDecoder().decode(PREFACE), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
});
