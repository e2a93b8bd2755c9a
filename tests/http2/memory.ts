/** A link in memory, a peer made of frames, and a clock that is moved by hand. */
import { setImmediate } from "node:timers";
import type { Clock } from "../../src/http2/clock.ts";
import { Connection, type ConnectionHandler } from "../../src/http2/connection.ts";
import type { Http2Error } from "../../src/http2/errors.ts";
import { PREFACE } from "../../src/http2/frames.ts";
import type { ReceivedHeaders } from "../../src/http2/headers.ts";
import { HeaderTemplate } from "../../src/http2/hpack_encoder.ts";
import type { Link, LinkHandler } from "../../src/http2/link.ts";
import type { Http2Options } from "../../src/http2/options.ts";
import type { Http2Stream, StreamHandler } from "../../src/http2/stream.ts";

/** Puts bytes one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes written as hexadecimal digits; spaces do not count. */
export function hex(digits: string): Uint8Array {
  const pairs = digits.replace(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** A number as four bytes. */
export function u32(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((v) => [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255]),
  );
}

/** Settings as a payload: number, value, number, value. */
export function settings(...pairs: readonly number[]): Uint8Array {
  const payload: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    payload.push(pairs[at]! >> 8, pairs[at]! & 255, ...u32(pairs[at + 1]!));
  }
  return Uint8Array.from(payload);
}

/** A frame. */
export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array | readonly number[] = [],
): Uint8Array {
  const { length } = payload;
  const header = [length >> 16, (length >> 8) & 255, length & 255, type, flags, ...u32(id)];
  return concat(Uint8Array.from(header), Uint8Array.from(payload));
}

/** A frame that was written. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** Cuts bytes into frames; a client's preface is left out. */
export function parseFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  let at = bytes[0] === PREFACE[0] && bytes[1] === PREFACE[1] ? PREFACE.length : 0;
  while (at < bytes.length) {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const id = new DataView(bytes.buffer, bytes.byteOffset + at + 5).getUint32(0);
    const payload = bytes.slice(at + 9, at + 9 + length);
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, id, payload });
    at += 9 + length;
  }
  return frames;
}

/** A link whose other end is the test. */
export class MemoryLink implements Link {
  /** The pieces of each write. */
  readonly writes: Uint8Array[][] = [];
  /** Says of each write, in turn, that nobody reads it any more. */
  readonly written: (() => void)[] = [];
  /** What was written and not yet taken. */
  #untaken: Uint8Array[] = [];
  isFull = false;
  isEnded = false;
  isDestroyed = false;
  handler: LinkHandler | undefined;
  /** Told of every write. */
  onWrite: (bytes: Uint8Array) => void = () => {};

  start(handler: LinkHandler): void {
    this.handler = handler;
  }

  write(pieces: readonly Uint8Array[], written?: () => void): void {
    this.writes.push([...pieces]);
    if (written !== undefined) this.written.push(written);
    this.#untaken.push(...pieces);
    this.onWrite(concat(...pieces));
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.handler?.close();
  }

  /** Hands bytes to the connection. */
  feed(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.handler!.data(part);
  }

  /** The bytes written since the last time. */
  take(): Uint8Array {
    const bytes = concat(...this.#untaken);
    this.#untaken = [];
    return bytes;
  }

  /** The frames written since the last time. */
  takeFrames(): Frame[] {
    return parseFrames(this.take());
  }

  /** Says that there is room again. */
  drain(): void {
    this.isFull = false;
    this.handler!.drain();
  }
}

/** Until everything that was begun in this turn of the event loop is done. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** How many timers wait. */
  get size(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  start(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = due.at;
      this.#timers.delete(due);
      due.callback();
    }
    this.#now = end;
  }
}

/** What happened on a stream, in order. */
export class Recorder implements StreamHandler {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  response: ReceivedHeaders | undefined;
  lastHeaders: ReceivedHeaders | undefined;
  error: Http2Error | undefined;
  stream: Http2Stream | undefined;
  /** Whether data is consumed as it comes. */
  consumes = true;
  bytes = 0;

  headers(headers: ReceivedHeaders, endStream: boolean): void {
    this.response = headers;
    this.events.push(`headers ${headers.status}${endStream ? " end" : ""}`);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.chunks.push(bytes.slice(start, end));
    this.bytes += end - start;
    if (this.consumes) this.stream?.consume(end - start);
    if (!this.events.at(-1)?.startsWith("data")) this.events.push("data");
  }

  trailers(headers: ReceivedHeaders): void {
    this.lastHeaders = headers;
    this.events.push("trailers");
  }

  end(): void {
    this.events.push("end");
  }

  reset(error: Http2Error): void {
    this.error = error;
    this.events.push(
      `reset ${error.code} ${error.reason}${error.unprocessed ? " unprocessed" : ""}`,
    );
  }

  drain(): void {
    this.events.push("drain");
  }

  /** Everything that came. */
  get body(): Uint8Array {
    return concat(...this.chunks);
  }
}

/** A connection whose peer is the test. */
export interface Harness {
  readonly connection: Connection;
  readonly link: MemoryLink;
  readonly clock: ManualClock;
  /** What the connection told: `ready`, `draining REASON`, `closed REASON`. */
  readonly events: string[];
  /** Server: the requests in order. */
  readonly requests: { stream: Http2Stream; headers: ReceivedHeaders; recorder: Recorder }[];
  /** Why it closed. */
  error(): Http2Error | undefined;
}

/** What tests send. */
export const REQUEST: HeaderTemplate = new HeaderTemplate(
  [":method", "POST", ":scheme", "http", ":path", "/p", ":authority", "x"],
);
/** What tests answer. */
export const RESPONSE: HeaderTemplate = new HeaderTemplate([":status", "200"]);
/** What tests end with. */
export const TRAILERS: HeaderTemplate = new HeaderTemplate(["t", "u"]);

/** REQUEST as a block that leaves the table alone. */
export const REQUEST_BLOCK: Uint8Array = hex("83 86 04 02 2f70 01 01 78");
/** RESPONSE as a block. */
export const RESPONSE_BLOCK: Uint8Array = hex("88");

/** Makes a connection with a link in memory, and takes its preface. */
export async function harness(
  role: "client" | "server",
  options: Http2Options = {},
  handler: Partial<ConnectionHandler> = {},
): Promise<Harness> {
  const link = new MemoryLink();
  const clock = new ManualClock();
  const events: string[] = [];
  const requests: Harness["requests"] = [];
  let closedBy: Http2Error | undefined;
  const connection = new Connection(role, link, {
    request(stream, headers) {
      const recorder = new Recorder();
      recorder.stream = stream;
      requests.push({ stream, headers, recorder });
      return recorder;
    },
    ready: () => events.push("ready"),
    draining: (error) => events.push(`draining ${error.reason}`),
    closed(error) {
      closedBy = error;
      events.push(`closed ${error?.reason}`);
    },
    ...handler,
  }, { clock, ...options });
  await turn();
  return { connection, link, clock, events, requests, error: () => closedBy };
}

/** Says hello as the peer would, and takes what the connection answers. */
export async function greet(
  { link }: Harness,
  role: "client" | "server",
  ...pairs: readonly number[]
): Promise<void> {
  const hello = concat(frame(4, 0, 0, settings(...pairs)), frame(4, 1, 0));
  link.feed(role === "server" ? concat(PREFACE, hello) : hello);
  await turn();
  link.take();
}

/** A connection of this role whose peer has said hello. */
export async function greeted(
  role: "client" | "server",
  options: Http2Options = {},
  handler: Partial<ConnectionHandler> = {},
): Promise<Harness> {
  const made = await harness(role, options, handler);
  await greet(made, role);
  return made;
}

/** Numbers that look random and are the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

/** A seed for this run: another each time, unless the environment names one. */
export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
