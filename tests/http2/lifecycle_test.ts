/** How connections end, by either side, and what keeps them going until then. */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, Http2Error } from "../../src/http2/errors.ts";
import {
  frame,
  greet,
  greeted,
  harness,
  Recorder,
  REQUEST,
  REQUEST_BLOCK,
  RESPONSE,
  RESPONSE_BLOCK,
  settings,
  turn,
  u32,
} from "./memory.ts";

const { noError, cancel, enhanceYourCalm, refusedStream, internalError } = ErrorCode;
const GOAWAY = 7;
const PING = 6;

function goaway(lastId: number, code: number, text = ""): Uint8Array {
  return frame(GOAWAY, 0, 0, [...u32(lastId, code), ...new TextEncoder().encode(text)]);
}

test("Connection of a client lets the streams below GOAWAY end, then closes", async () => {
  const made = await greeted("client");
  const recorders = [1, 2, 3].map(() => new Recorder());
  for (const recorder of recorders) made.connection.open(recorder, REQUEST, undefined, true);
  await turn();
  made.link.take();
  made.link.feed(goaway(3, noError));
  deepStrictEqual(recorders.map(({ events }) => events), [[], [], [`reset 0 goaway unprocessed`]]);
  deepStrictEqual(made.events, ["ready", "draining goaway"]);
  strictEqual(made.connection.canOpen, false);
  const late = new Recorder();
  made.connection.open(late, REQUEST);
  deepStrictEqual(late.events, []);
  await turn();
  deepStrictEqual(late.events, ["reset 0 goaway unprocessed"]);
  made.link.feed(frame(1, 5, 1, RESPONSE_BLOCK), frame(1, 5, 3, RESPONSE_BLOCK));
  deepStrictEqual(recorders[1]!.events, ["headers 200 end", "end"]);
  await turn();
  deepStrictEqual(made.events, ["ready", "draining goaway", "closed undefined"]);
  ok(made.link.isEnded);
  deepStrictEqual(made.link.takeFrames(), [{ type: GOAWAY, flags: 0, id: 0, payload: u32(0, 0) }]);
});

test("Connection of a client fails what waits to be opened at GOAWAY", async () => {
  const made = await harness("client");
  await greet(made, "client", 3, 1);
  const recorders = [1, 2].map(() => new Recorder());
  for (const recorder of recorders) made.connection.open(recorder, REQUEST);
  await turn();
  made.link.feed(goaway(0x7fffffff, noError));
  await turn();
  deepStrictEqual(recorders.map(({ events }) => events), [[], ["reset 0 goaway unprocessed"]]);
});

test("Connection of a client hands on the code and text of GOAWAY", async () => {
  const made = await greeted("client");
  const recorder = new Recorder();
  made.connection.open(recorder, REQUEST);
  await turn();
  made.link.feed(goaway(1, enhanceYourCalm, "too_many_pings"));
  made.link.handler!.end();
  deepStrictEqual(recorder.events, [`reset ${enhanceYourCalm} goaway`]);
  match(recorder.error!.message, /ENHANCE_YOUR_CALM "too_many_pings"$/);
  deepStrictEqual(made.events, ["ready", "draining goaway", "closed goaway"]);
});

test("Connection.close() of a server announces the end, takes what is under way, then says the last id", async () => {
  const made = await greeted("server");
  made.link.feed(frame(1, 5, 1, REQUEST_BLOCK));
  made.connection.close();
  made.connection.close();
  await turn();
  const [announced, ping, ...others] = made.link.takeFrames();
  deepStrictEqual(others, []);
  deepStrictEqual(announced, { type: GOAWAY, flags: 0, id: 0, payload: u32(0x7fffffff, 0) });
  strictEqual(ping!.type, PING);
  made.link.feed(frame(1, 5, 3, REQUEST_BLOCK), frame(PING, 1, 0, ping!.payload));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [{ type: GOAWAY, flags: 0, id: 0, payload: u32(3, 0) }]);
  made.link.feed(frame(1, 5, 5, REQUEST_BLOCK));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: 3, flags: 0, id: 5, payload: u32(refusedStream) },
  ]);
  for (const { stream } of made.requests) stream.sendHeaders(RESPONSE, undefined, true);
  ok(!made.link.isEnded);
  await turn();
  deepStrictEqual(made.link.takeFrames().map(({ type, id }) => [type, id]), [[1, 1], [1, 3]]);
  ok(made.link.isEnded);
  deepStrictEqual(made.events, ["ready", "draining closed", "closed undefined"]);
});

test("Connection.close() of a client waits for its streams and opens no more", async () => {
  const made = await harness("client");
  await greet(made, "client", 3, 1);
  const recorders = [1, 2].map(() => new Recorder());
  for (const recorder of recorders) made.connection.open(recorder, REQUEST, undefined, true);
  made.connection.close();
  strictEqual(made.connection.canOpen, false);
  for (const id of [1, 3]) {
    await turn();
    deepStrictEqual(made.events, ["ready", "draining closed"]);
    made.link.feed(frame(1, 5, id, RESPONSE_BLOCK));
  }
  await turn();
  deepStrictEqual(made.events, ["ready", "draining closed", "closed undefined"]);
  deepStrictEqual(recorders.map(({ events }) => events.length), [2, 2]);
});

test("Connection.close() cuts off what is left after its limit", async () => {
  for (const role of ["client", "server"] as const) {
    const made = await greeted(role);
    const recorder = new Recorder();
    if (role === "client") made.connection.open(recorder, REQUEST);
    else made.link.feed(frame(1, 5, 1, REQUEST_BLOCK));
    made.connection.close(5000);
    await turn();
    made.clock.advance(4999);
    ok(!made.link.isEnded);
    made.clock.advance(1);
    ok(made.link.isEnded);
    const { events } = role === "client" ? recorder : made.requests[0]!.recorder;
    strictEqual(events.at(-1), `reset ${cancel} closed`);
    made.clock.advance(1000);
    ok(made.link.isDestroyed);
    strictEqual(made.clock.size, 0);
  }
});

test("Connection.destroy() tells everyone and says GOAWAY", async () => {
  const made = await greeted("server");
  made.link.feed(frame(1, 5, 1, REQUEST_BLOCK));
  const ping = made.connection.ping();
  made.connection.destroy(enhanceYourCalm, "tired");
  made.connection.destroy();
  await rejects(ping, (error) => error instanceof Http2Error && error.reason === "closed");
  await rejects(made.connection.ping(), Http2Error);
  deepStrictEqual(made.requests[0]!.recorder.events, ["end", `reset ${cancel} closed`]);
  deepStrictEqual(made.events, ["ready", "closed undefined"]);
  const last = made.link.takeFrames().at(-1)!;
  deepStrictEqual(last.payload.slice(0, 8), u32(1, enhanceYourCalm));
  strictEqual(new TextDecoder().decode(last.payload.slice(8)), "tired");
  made.link.feed(frame(1, 5, 3, REQUEST_BLOCK)); // unheard
  made.clock.advance(1000);
  ok(made.link.isDestroyed);
});

test("Connection.destroy() within a handler stops the reading of a chunk", async () => {
  const made = await greeted("server", {}, {
    request(_stream, headers) {
      strictEqual(headers.path, "/p");
      made.connection.destroy();
      return new Recorder();
    },
  });
  made.link.feed(
    new Uint8Array([...frame(1, 5, 1, REQUEST_BLOCK), ...frame(1, 5, 3, REQUEST_BLOCK)]),
  );
  deepStrictEqual(made.events, ["ready", "closed undefined"]);
});

test("Connection tells its streams when the link ends or fails", async () => {
  for (
    const [happen, closed] of [
      [(made: Awaited<ReturnType<typeof greeted>>) => made.link.handler!.end(), "ended"],
      [
        (made: Awaited<ReturnType<typeof greeted>>) =>
          made.link.handler!.close(new Error("ECONNRESET")),
        "failed: ECONNRESET",
      ],
    ] as const
  ) {
    const made = await harness("client");
    await greet(made, "client", 3, 1);
    const recorders = [1, 2].map(() => new Recorder());
    for (const recorder of recorders) made.connection.open(recorder, REQUEST);
    happen(made);
    deepStrictEqual(recorders.map(({ events }) => events), [
      [`reset ${internalError} link`],
      [`reset ${internalError} link unprocessed`],
    ]);
    deepStrictEqual(made.events, ["ready", "closed link"]);
    ok(made.error()!.message.endsWith(`the link ${closed}`));
  }
});

test("Connection closes without an error when the peer does and there are no streams", async () => {
  const made = await greeted("client");
  made.link.handler!.end();
  deepStrictEqual(made.events, ["ready", "closed undefined"]);
  ok(made.link.isEnded);
  made.link.handler!.close();
  strictEqual(made.clock.size, 0);
});

test("Connection says when its ids run out, and closes once the streams have ended", async () => {
  const made = await greeted("client", { lastStreamId: 5 });
  const recorders = [1, 2, 3].map(() => new Recorder());
  const streams = recorders.map((recorder) => {
    ok(made.connection.canOpen);
    return made.connection.open(recorder, REQUEST, undefined, true);
  });
  strictEqual(made.connection.canOpen, false);
  await turn();
  deepStrictEqual(streams.map(({ id }) => id), [1, 3, 5]);
  deepStrictEqual(made.events, ["ready", "draining ids"]);
  const late = new Recorder();
  made.connection.open(late, REQUEST);
  await turn();
  deepStrictEqual(late.events, ["reset 0 ids unprocessed"]);
  for (const id of [1, 3, 5]) made.link.feed(frame(1, 5, id, RESPONSE_BLOCK));
  await turn();
  deepStrictEqual(made.events, ["ready", "draining ids", "closed undefined"]);
});

test("Connection fails what waits when the ids run out", async () => {
  const made = await harness("client", { lastStreamId: 3 });
  await greet(made, "client", 3, 1);
  const recorders = [1, 2, 3].map(() => new Recorder());
  for (const recorder of recorders) made.connection.open(recorder, REQUEST, undefined, true);
  await turn();
  made.link.feed(frame(1, 5, 1, RESPONSE_BLOCK));
  await turn();
  made.link.feed(frame(1, 5, 3, RESPONSE_BLOCK));
  await turn();
  deepStrictEqual(recorders.map(({ events }) => events.at(-1)), [
    "end",
    "end",
    "reset 0 ids unprocessed",
  ]);
});

test("Connection uses ids up to 2^31 - 1", async () => {
  const made = await greeted("server");
  made.link.feed(frame(1, 5, 0x7fffffff, REQUEST_BLOCK));
  made.requests[0]!.stream.sendHeaders(RESPONSE, undefined, true);
  await turn();
  deepStrictEqual(made.link.takeFrames(), [
    { type: 1, flags: 5, id: 0x7fffffff, payload: RESPONSE_BLOCK },
  ]);
});

test("Connection hands on the code of RST_STREAM", async () => {
  const made = await greeted("client");
  const recorders = [1, 2, 3].map(() => new Recorder());
  for (const recorder of recorders) made.connection.open(recorder, REQUEST);
  await turn();
  made.link.feed(
    frame(3, 0, 1, u32(refusedStream)),
    frame(3, 0, 3, u32(cancel)),
    frame(3, 0, 5, u32(0xffffffff)),
  );
  deepStrictEqual(recorders.map(({ events }) => events), [
    [`reset ${refusedStream} reset unprocessed`],
    [`reset ${cancel} reset`],
    [`reset 4294967295 reset`],
  ]);
  deepStrictEqual(made.events, ["ready"]);
});

test("Connection ends with SETTINGS_TIMEOUT without SETTINGS or their acknowledgement", async () => {
  for (
    const [feed, found] of [
      [[], "no SETTINGS"],
      [[frame(4, 0, 0)], "no acknowledgement of SETTINGS"],
    ] as const
  ) {
    const made = await harness("client", { settingsTimeoutMs: 500 });
    made.link.feed(...feed);
    made.clock.advance(499);
    strictEqual(made.error(), undefined);
    made.clock.advance(1);
    strictEqual(made.error()?.code, ErrorCode.settingsTimeout);
    strictEqual(made.error()?.reason, "settings-timeout");
    ok(made.error()!.message.endsWith(`${found} within 500 ms`));
  }
  const made = await greeted("client", { settingsTimeoutMs: 500 });
  made.clock.advance(1000);
  strictEqual(made.error(), undefined);
  strictEqual(made.clock.size, 0);
});

test("Connection.ping() gives the round trip, and answers the peer's", async () => {
  const made = await greeted("client");
  const ping = made.connection.ping();
  await turn();
  const [sent] = made.link.takeFrames();
  made.clock.advance(7);
  made.link.feed(frame(PING, 1, 0, new Uint8Array(8).fill(9))); // nobody's
  made.link.feed(frame(PING, 1, 0, sent!.payload));
  strictEqual(await ping, 7);
  const payload = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  made.link.feed(frame(PING, 0, 0, payload));
  await turn();
  deepStrictEqual(made.link.takeFrames(), [{ type: PING, flags: 1, id: 0, payload }]);
});

test("Connection with keepaliveMs asks a silent peer, and gives up on one that does not answer", async () => {
  const made = await greeted("client", { keepaliveMs: 1000, keepaliveTimeoutMs: 300 });
  const recorder = new Recorder();
  made.connection.open(recorder, REQUEST);
  await turn();
  made.link.take();
  made.clock.advance(600);
  made.link.feed(frame(4, 1, 0));
  made.clock.advance(999);
  await turn();
  strictEqual(made.link.take().length, 0);
  made.clock.advance(1);
  await turn();
  const [ping] = made.link.takeFrames();
  strictEqual(ping!.type, PING);
  made.clock.advance(299);
  made.link.feed(frame(PING, 1, 0, ping!.payload));
  made.clock.advance(1000);
  await turn();
  strictEqual(made.link.takeFrames()[0]!.type, PING);
  strictEqual(made.error(), undefined);
  made.clock.advance(300);
  strictEqual(made.error()?.reason, "keepalive");
  deepStrictEqual(recorder.events, ["reset 0 keepalive"]);
  made.clock.advance(1000);
  ok(made.link.isDestroyed);
  strictEqual(made.clock.size, 0);
});

test("Connection.open() is the client's, and takes only what can be sent", async () => {
  const server = await greeted("server");
  throws(() => server.connection.open(new Recorder(), REQUEST), TypeError);
  const made = await greeted("client");
  throws(() => made.connection.open(new Recorder(), REQUEST, ["A", "b"]), TypeError);
  const stream = made.connection.open(new Recorder(), REQUEST);
  throws(() => stream.end(REQUEST, ["a", "b\n"]), TypeError);
  strictEqual(stream.isSendEnded, false);
  await turn();
  strictEqual(made.link.takeFrames().length, 1);
});

test("Connection writes nothing before its preface, and the preface by itself", async () => {
  const { link } = await harness("client");
  strictEqual(link.writes.length, 1);
  strictEqual(
    new TextDecoder().decode(link.take().slice(0, 24)),
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  );
  const server = await harness("server", { maxConcurrentStreams: 7 });
  deepStrictEqual(
    server.link.takeFrames()[0]!.payload.slice(0, 6),
    settings(3, 7),
  );
});

test("Connection tells of its end once, also when a handler ends it in between", async () => {
  const made = await greeted("client", { lastStreamId: 1 }, {
    draining: () => made.connection.destroy(),
  });
  const recorder = new Recorder();
  made.connection.open(recorder, REQUEST);
  await turn();
  deepStrictEqual(recorder.events, [`reset ${cancel} closed`]);
  deepStrictEqual(made.events, ["ready", "closed undefined"]);
});

test("Connection tells everyone of its end even if one of them throws", async () => {
  const made = await greeted("client");
  const [first, second] = [new Recorder(), new Recorder()];
  const thrown = new Error("thrown by a handler");
  first.reset = () => {
    throw thrown;
  };
  made.connection.open(first, REQUEST);
  made.connection.open(second, REQUEST);
  await turn();
  const { queueMicrotask } = globalThis;
  const uncaught: unknown[] = [];
  globalThis.queueMicrotask = (callback) =>
    queueMicrotask(() => {
      try {
        callback();
      } catch (error) {
        uncaught.push(error);
      }
    });
  made.connection.destroy();
  globalThis.queueMicrotask = queueMicrotask;
  deepStrictEqual(second.events, [`reset ${cancel} closed`]);
  deepStrictEqual(made.events, ["ready", "closed undefined"]);
  await turn();
  deepStrictEqual(uncaught, [thrown]);
});

test("Connection calls end() once the answer of a request without a body is out as well", async () => {
  const made = await greeted("server", {}, {
    request(stream) {
      const recorder = new Recorder();
      made.requests.push({ stream, headers: undefined as never, recorder });
      stream.sendHeaders(RESPONSE, undefined, true);
      return recorder;
    },
  });
  made.link.feed(frame(1, 5, 1, REQUEST_BLOCK));
  deepStrictEqual(made.requests[0]!.recorder.events, ["end"]);
  strictEqual(made.connection.streamCount, 0);
});
