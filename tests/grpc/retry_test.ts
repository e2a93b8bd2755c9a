/** Calls that the peer has certainly not seen, against a peer made of frames. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { STATUS_CODES } from "../../src/errors.ts";
import type { ClientCall } from "../../src/grpc/client_call.ts";
import { type CallStart, ClientChannel } from "../../src/grpc/client_channel.ts";
import type { CallStatus } from "../../src/grpc/status.ts";
import { ErrorCode } from "../../src/http2/errors.ts";
import { FrameType } from "../../src/http2/frames.ts";
import { until, within } from "../helpers/wait.ts";
import { concat, type Frame, frame, MemoryLink, settings, turn, u32 } from "../http2/memory.ts";

const END_STREAM = 1;
const END_HEADERS = 4;
const MAX_CONCURRENT_STREAMS = 3;

/** A header field as a block that leaves the table alone. */
function field(name: string, value: string): Uint8Array {
  const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
  return Uint8Array.from([0, ...text(name), ...text(value)]);
}

const RESPONSE = concat(Uint8Array.of(0x88), field("content-type", "application/grpc"));
const TRAILERS = field("grpc-status", "0");

/** A message behind its length, which is short. */
function message(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, bytes.length, ...bytes);
}

/** One connection, whose peer is the test. */
class Peer {
  readonly link = new MemoryLink();
  readonly #frames: Frame[] = [];

  /** The frames of requests so far: HEADERS and DATA. */
  requests(id: number): Frame[] {
    this.#frames.push(...this.link.takeFrames());
    const isRequest = ({ type }: Frame) => type === FrameType.headers || type === FrameType.data;
    return this.#frames.filter((frame) => frame.id === id && isRequest(frame));
  }

  hello(...pairs: readonly number[]): void {
    this.link.feed(frame(FrameType.settings, 0, 0, settings(...pairs)));
  }

  goaway(lastId: number, code: number = ErrorCode.noError): void {
    this.link.feed(frame(FrameType.goaway, 0, 0, u32(lastId, code)));
  }

  reset(id: number, code: number): void {
    this.link.feed(frame(FrameType.rstStream, 0, id, u32(code)));
  }

  headers(id: number): void {
    this.link.feed(frame(FrameType.headers, END_HEADERS, id, RESPONSE));
  }

  answer(id: number, bytes: Uint8Array): void {
    this.headers(id);
    this.link.feed(
      frame(FrameType.data, 0, id, message(bytes)),
      frame(FrameType.headers, END_HEADERS | END_STREAM, id, TRAILERS),
    );
  }
}

/** A call with what it has been told. */
class Told {
  readonly messages: Uint8Array[] = [];
  status: CallStatus | undefined;
  drains = 0;
  readonly call: ClientCall;

  constructor(channel: ClientChannel, start: Partial<CallStart> = {}) {
    const metadata = ["key", "value"];
    this.call = channel.call({ path: "/s/M", metadata, deadlineMs: Infinity, ...start }, {
      headers() {},
      message: (bytes) => void this.messages.push(bytes),
      status: (status) => this.status = status,
      drain: () => void this.drains++,
    });
  }

  async code(): Promise<number | undefined> {
    await until(() => this.status !== undefined, "the status");
    return this.status?.code;
  }
}

/** A channel whose connections are made of frames. */
class Peers {
  readonly all: Peer[] = [];
  readonly channel: ClientChannel;

  constructor() {
    this.channel = new ClientChannel({
      maxReceiveBytes: Infinity,
      maxSendBytes: Infinity,
      gunzip: (bytes) => bytes,
      connect: () => {
        const peer = new Peer();
        this.all.push(peer);
        return Promise.resolve(peer.link);
      },
      scheme: "http",
      authority: "localhost",
      userAgent: "test",
      connectTimeoutMs: 10_000,
    });
  }

  /** The connection of this number, as soon as it is there; says hello. */
  async peer(number: number, ...pairs: readonly number[]): Promise<Peer> {
    await until(() => this.all[number - 1]?.link.handler !== undefined, `connection ${number}`);
    const peer = this.all[number - 1] as Peer;
    peer.hello(...pairs);
    await turn();
    return peer;
  }

  close(): void {
    this.channel.close(new Error("The test is over"));
    for (const { link } of this.all) link.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const ANSWER = Uint8Array.of(7, 7);

/** Ways to send all there is. */
const COMPLETE: Readonly<Record<string, (call: ClientCall) => void>> = {
  "one message, the last": (call) => void call.send(ONE, true),
  "one message, and then the end"(call) {
    call.send(ONE, false);
    call.endSending();
  },
  "no message, and the end": (call) => call.endSending(),
};

for (const [what, send] of Object.entries(COMPLETE)) {
  test(`ClientCall comes again on a new connection if GOAWAY names an earlier one: ${what}`, async () => {
    await using peers = new Peers();
    const told = new Told(peers.channel);
    send(told.call);
    const first = await peers.peer(1);
    const sent = first.requests(1);
    ok(sent.length > 0);
    first.goaway(0);
    const second = await peers.peer(2);
    await until(() => second.requests(1).some(({ flags }) => flags & END_STREAM), "the request");
    const again = second.requests(1);
    // The end may stand in a frame of its own.
    const payloads = (frames: readonly Frame[]) =>
      frames.map(({ payload }) => payload).filter(({ length }) => length > 0);
    deepStrictEqual(payloads(again), payloads(sent));
    second.answer(1, ANSWER);
    deepStrictEqual([await told.code(), told.messages], [0, [ANSWER]]);
    strictEqual(peers.all.length, 2);
  });

  test(`ClientCall comes again on the same connection if it was REFUSED_STREAM: ${what}`, async () => {
    await using peers = new Peers();
    const told = new Told(peers.channel);
    send(told.call);
    const peer = await peers.peer(1);
    ok(peer.requests(1).length > 0);
    peer.reset(1, ErrorCode.refusedStream);
    await until(() => peer.requests(3).some(({ flags }) => flags & END_STREAM), "the request");
    peer.answer(3, ANSWER);
    deepStrictEqual([await told.code(), told.messages], [0, [ANSWER]]);
    strictEqual(peers.all.length, 1);
  });
}

test("ClientCall comes again on a new connection if GOAWAY comes before REFUSED_STREAM", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  const first = await peers.peer(1);
  first.goaway(2 ** 31 - 1);
  first.reset(1, ErrorCode.refusedStream);
  const second = await peers.peer(2);
  await until(() => second.requests(1).length > 0, "the request");
  second.answer(1, ANSWER);
  strictEqual(await told.code(), 0);
});

test("ClientCall comes again if it has never left this side", async () => {
  await using peers = new Peers();
  const busy = new Told(peers.channel);
  const waiting = new Told(peers.channel);
  for (const { call } of [busy, waiting]) call.send(ONE, true);
  const first = await peers.peer(1, MAX_CONCURRENT_STREAMS, 1);
  deepStrictEqual([first.requests(1).length > 0, first.requests(3).length], [true, 0]);
  first.goaway(1);
  const second = await peers.peer(2);
  await until(() => second.requests(1).length > 0, "the request");
  second.answer(1, ANSWER);
  first.answer(1, ANSWER);
  deepStrictEqual([await waiting.code(), await busy.code()], [0, 0]);
});

test("ClientCall comes again only once", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  for (const number of [1, 2]) {
    const peer = await peers.peer(number);
    await until(() => peer.requests(1).length > 0, "the request");
    peer.goaway(0);
  }
  strictEqual(await told.code(), STATUS_CODES.UNAVAILABLE);
  match(told.status?.details ?? "", /GOAWAY/);
  await turn();
  strictEqual(peers.all.length, 2);
});

test("ClientCall does not come again if the peer may have seen it", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  const peer = await peers.peer(1);
  peer.goaway(1);
  peer.link.destroy();
  strictEqual(await told.code(), STATUS_CODES.UNAVAILABLE);
  await turn();
  strictEqual(peers.all.length, 1);
});

for (
  const [name, code, expected] of [
    ["CANCEL", ErrorCode.cancel, STATUS_CODES.CANCELLED],
    ["INTERNAL_ERROR", ErrorCode.internalError, STATUS_CODES.INTERNAL],
  ] as const
) {
  test(`ClientCall does not come again if it was reset with ${name}`, async () => {
    await using peers = new Peers();
    const told = new Told(peers.channel);
    told.call.send(ONE, true);
    const peer = await peers.peer(1);
    peer.reset(1, code);
    strictEqual(await told.code(), expected);
    strictEqual(peer.requests(3).length, 0);
  });
}

test("ClientCall does not come again once there is an answer", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  const peer = await peers.peer(1);
  peer.headers(1);
  peer.reset(1, ErrorCode.refusedStream);
  strictEqual(await told.code(), STATUS_CODES.UNAVAILABLE);
  strictEqual(peer.requests(3).length, 0);
});

for (
  const [what, send] of [
    ["one of its messages", (call: ClientCall) => void call.send(ONE, false)],
    ["two messages and the end", (call: ClientCall) => {
      call.send(ONE, false);
      call.send(TWO, true);
    }],
  ] as const
) {
  test(`ClientCall does not come again if it has sent ${what}`, async () => {
    await using peers = new Peers();
    const told = new Told(peers.channel);
    const peer = await peers.peer(1);
    send(told.call);
    await until(() => peer.requests(1).length > 0, "the request");
    peer.reset(1, ErrorCode.refusedStream);
    strictEqual(await told.code(), STATUS_CODES.UNAVAILABLE);
    strictEqual(peer.requests(3).length, 0);
  });
}

test("ClientCall that has sent nothing comes again, and sends then", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  const first = await peers.peer(1);
  strictEqual(first.requests(1).length, 1);
  first.goaway(0);
  await turn();
  // There is no connection yet: it is kept.
  strictEqual(told.call.send(ONE, false), false);
  const second = await peers.peer(2);
  await until(() => told.drains === 1, "the room");
  told.call.send(TWO, true);
  await until(() => second.requests(1).some(({ flags }) => flags & END_STREAM), "the request");
  const data = second.requests(1).filter(({ type }) => type === FrameType.data);
  deepStrictEqual(
    concat(...data.map(({ payload }) => payload)),
    concat(message(ONE), message(TWO)),
  );
  second.answer(1, ANSWER);
  strictEqual(await told.code(), 0);
});

test("ClientCall that is cancelled before it comes again does not", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  const first = await peers.peer(1);
  first.goaway(0);
  told.call.cancel(STATUS_CODES.CANCELLED, "enough");
  strictEqual(await told.code(), STATUS_CODES.CANCELLED);
  await turn();
  strictEqual(peers.all.length, 1);
});

test("ClientCall that comes again keeps to its deadline", async () => {
  await using peers = new Peers();
  const told = new Told(peers.channel, { deadlineMs: Date.now() + 100 });
  told.call.send(ONE, true);
  const first = await peers.peer(1);
  first.goaway(0);
  const second = await peers.peer(2);
  await until(() => second.requests(1).length > 0, "the request");
  strictEqual(await told.code(), STATUS_CODES.DEADLINE_EXCEEDED);
});

test("ClientChannel.close() ends a call that is about to come again", async () => {
  const peers = new Peers();
  const told = new Told(peers.channel);
  told.call.send(ONE, true);
  const first = await peers.peer(1);
  first.goaway(0);
  peers.close();
  strictEqual(await within(told.code(), "the status"), STATUS_CODES.UNAVAILABLE);
  strictEqual(peers.all.length, 1);
});
