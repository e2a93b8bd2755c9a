/** FrameReader: the same frames, wherever the bytes are split. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, Http2Error } from "../../src/http2/errors.ts";
import { FrameReader, type FrameSink } from "../../src/http2/frame_reader.ts";
import { PREFACE } from "../../src/http2/frames.ts";
import { concat, frame, newSeed, randomNumbers } from "./memory.ts";

/** Writes down what it is told; pieces of DATA are put together. */
class Transcript implements FrameSink {
  readonly lines: string[] = [];
  #data = "";

  dataStart(flags: number, id: number, length: number, bodyLength: number): void {
    this.#data = `DATA ${flags} ${id} ${length} ${bodyLength}:`;
  }

  dataChunk(bytes: Uint8Array, start: number, end: number): void {
    this.#data += bytes.slice(start, end).toString() + (end > start ? "," : "");
  }

  dataEnd(): void {
    this.lines.push(this.#data);
  }

  frame(type: number, flags: number, id: number, bytes: Uint8Array, start: number, end: number) {
    this.lines.push(`${type} ${flags} ${id}: ${bytes.slice(start, end)}`);
  }
}

const LIMITS = { maxFrameBytes: 16_384, maxHeaderBlockBytes: 65_536 };

function read(chunks: readonly Uint8Array[], expectPreface: boolean): string[] {
  const transcript = new Transcript();
  const reader = new FrameReader(transcript, { ...LIMITS, expectPreface });
  for (const chunk of chunks) reader.push(chunk);
  return transcript.lines;
}

const SESSION = concat(
  PREFACE,
  frame(4, 0, 0, [0, 3, 0, 0, 0, 100]),
  frame(4, 1, 0),
  frame(1, 0, 1, [1, 2, 3]),
  frame(9, 0, 1, [4]),
  frame(9, 4, 1, []),
  frame(0, 0, 1, [5, 6, 7]),
  frame(0, 8, 1, [2, 8, 9, 0, 0]),
  frame(0, 8, 1, [0]),
  frame(0, 9, 1, [2, 0, 0]),
  frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
  frame(0, 0, 3, []),
  frame(0, 1, 0x7fffffff, [9]),
  frame(77, 255, 5, [1, 1]),
);
const LINES = [
  "4 0 0: 0,3,0,0,0,100",
  "4 1 0: ",
  "1 0 1: 1,2,3",
  "9 0 1: 4",
  "9 4 1: ",
  "DATA 0 1 3 3:5,6,7,",
  "DATA 8 1 5 2:8,9,",
  "DATA 8 1 1 0:",
  "DATA 9 1 3 0:",
  "6 0 0: 1,2,3,4,5,6,7,8",
  "DATA 0 3 0 0:",
  "DATA 1 2147483647 1 1:9,",
  "77 255 5: 1,1",
];

test("FrameReader.push() reads frames of every kind in one piece", () => {
  deepStrictEqual(read([SESSION], true), LINES);
});

test("FrameReader.push() reads frames split at any one place", () => {
  for (let at = 0; at <= SESSION.length; at++) {
    const lines = read([SESSION.subarray(0, at), SESSION.subarray(at)], true);
    // DATA that is split comes in two chunks, which the transcript joins.
    deepStrictEqual(lines, LINES, `split at ${at}`);
  }
});

test("FrameReader.push() reads frames byte by byte", () => {
  deepStrictEqual(read(Array.from(SESSION, (byte) => Uint8Array.of(byte)), true), LINES);
});

test("FrameReader.push() reads random frames in random pieces", () => {
  const seed = newSeed();
  const random = randomNumbers(seed);
  for (let round = 0; round < 300; round++) {
    const frames = [frame(4, 0, 0)];
    for (let count = random(20); count > 0; count--) {
      const payload = Array.from({ length: random(random(4) ? 20 : 3000) }, () => random(256));
      const padded = payload.length > 0 && payload[0]! < payload.length ? random(2) * 8 : 0;
      frames.push(frame([0, 2, 3, 6, 7, 8, 200][random(7)]!, padded, random(2 ** 31), payload));
    }
    const bytes = concat(...frames);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random(random(2) ? 12 : 2000);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    deepStrictEqual(read(pieces, false), read([bytes], false), `seed ${seed}, round ${round}`);
  }
});

test("FrameReader.push() reads a large frame in small pieces", () => {
  const payload = Uint8Array.from({ length: 16_384 }, (_, at) => at % 251);
  const bytes = concat(frame(4, 0, 0), frame(1, 4, 1, payload));
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
  deepStrictEqual(read(pieces, false), ["4 0 0: ", `1 4 1: ${payload}`]);
});

test("FrameReader.stop() leaves the rest of a chunk", () => {
  const lines: string[] = [];
  const reader: FrameReader = new FrameReader({
    dataStart() {},
    dataChunk() {},
    dataEnd() {},
    frame(type) {
      lines.push(`${type}`);
      if (type === 6) reader.stop();
    },
  }, { ...LIMITS, expectPreface: false });
  reader.push(concat(frame(4, 0, 0), frame(6, 0, 0, new Uint8Array(8)), frame(4, 1, 0)));
  reader.push(frame(4, 1, 0));
  deepStrictEqual(lines, ["4", "6"]);
});

const { protocolError, frameSizeError, enhanceYourCalm } = ErrorCode;
for (
  const [name, code, bytes] of [
    ["a wrong preface", protocolError, Uint8Array.of(80, 82, 73, 33)],
    [
      "another frame before SETTINGS",
      protocolError,
      concat(PREFACE, frame(6, 0, 0, new Uint8Array(8))),
    ],
    ["DATA before SETTINGS", protocolError, concat(PREFACE, frame(0, 0, 1))],
    [
      "a frame above the limit",
      frameSizeError,
      concat(PREFACE, frame(4, 0, 0), frame(0, 0, 1, new Uint8Array(16_385))),
    ],
    ["CONTINUATION alone", protocolError, concat(PREFACE, frame(4, 0, 0), frame(9, 4, 1))],
    [
      "CONTINUATION after the end of headers",
      protocolError,
      concat(PREFACE, frame(4, 0, 0), frame(1, 4, 1), frame(9, 4, 1)),
    ],
    [
      "another frame in a header block",
      protocolError,
      concat(PREFACE, frame(4, 0, 0), frame(1, 0, 1), frame(4, 0, 0)),
    ],
    [
      "DATA in a header block",
      protocolError,
      concat(PREFACE, frame(4, 0, 0), frame(1, 0, 1), frame(0, 0, 1)),
    ],
    [
      "CONTINUATION of another stream",
      protocolError,
      concat(PREFACE, frame(4, 0, 0), frame(1, 0, 1), frame(9, 4, 3)),
    ],
    ["padded DATA of no bytes", frameSizeError, concat(PREFACE, frame(4, 0, 0), frame(0, 8, 1))],
    [
      "DATA padded beyond its end",
      protocolError,
      concat(PREFACE, frame(4, 0, 0), frame(0, 8, 1, [2, 1])),
    ],
  ] as const
) {
  test(`FrameReader.push() refuses ${name}`, () => {
    throws(
      () => read([bytes], true),
      (error) => error instanceof Http2Error && error.code === code && error.reason === "protocol",
    );
  });
}

test("FrameReader.push() does not hold a frame that is larger than any header block", () => {
  const transcript = new Transcript();
  const reader = new FrameReader(transcript, {
    maxFrameBytes: 1 << 20,
    maxHeaderBlockBytes: 100,
    expectPreface: false,
  });
  reader.push(concat(frame(4, 0, 0), frame(0, 0, 1, new Uint8Array(20_000))));
  strictEqual(transcript.lines.length, 2);
  // Only the frame header is needed to know.
  throws(
    () => reader.push(frame(1, 4, 1, new Uint8Array(20_000)).subarray(0, 9)),
    (error) => error instanceof Http2Error && error.code === enhanceYourCalm,
  );
});
