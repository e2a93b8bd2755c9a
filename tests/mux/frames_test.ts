import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  decodeHeader,
  encodeHeader,
  FLAG,
  FRAME_TYPE,
  type FrameHeader,
  FrameReader,
} from "../../src/mux/frames.ts";
import { forSeeds, type Random } from "../wire/random.ts";

/** From a run of hashicorp/yamux v0.1.2, `header.encode`; the first is the one of its `const_test.go`. */
const VECTORS: [number, number, number, number, string][] = [
  [FRAME_TYPE.WINDOW_UPDATE, FLAG.ACK | FLAG.RST, 1234, 4321, "0001000a000004d2000010e1"],
  [FRAME_TYPE.WINDOW_UPDATE, FLAG.SYN, 1, 0, "000100010000000100000000"],
  [FRAME_TYPE.DATA, FLAG.SYN | FLAG.FIN, 2, 65536, "000000050000000200010000"],
  [FRAME_TYPE.DATA, 0, 0xfffffffd, 0x40000, "00000000fffffffd00040000"],
  [FRAME_TYPE.PING, FLAG.SYN, 0, 0xffffffff, "0002000100000000ffffffff"],
  [FRAME_TYPE.GO_AWAY, 0, 0, 2, "000300000000000000000002"],
];

for (const [type, flags, streamId, length, hex] of VECTORS) {
  test(`encodeHeader() and decodeHeader() agree with Go on ${hex}`, () => {
    strictEqual(encodeHeader(type, flags, streamId, length).toString("hex"), hex);
    deepStrictEqual(decodeHeader(Buffer.from(`ffff${hex}`, "hex"), 2), {
      version: 0,
      type,
      flags,
      streamId,
      length,
    });
  });
}

test("encodeHeader() and decodeHeader() know every kind with every flag", () => {
  for (const type of Object.values(FRAME_TYPE)) {
    for (let flags = 0; flags < 16; flags++) {
      const header = { version: 0, type, flags, streamId: 3, length: 5 };
      deepStrictEqual(decodeHeader(encodeHeader(type, flags, 3, 5)), header);
    }
  }
});

/** What a reader makes of chunks: each header, and each body in one piece. */
function framesIn(chunks: readonly Buffer[]) {
  const reader = new FrameReader();
  const frames: { header: FrameHeader; body: string }[] = [];
  for (const chunk of chunks) {
    for (const part of reader.read(chunk)) {
      if ("type" in part) frames.push({ header: part, body: "" });
      else frames.at(-1)!.body += part.toString("latin1");
    }
  }
  return frames;
}

const BYTES = Buffer.concat([
  encodeHeader(FRAME_TYPE.WINDOW_UPDATE, FLAG.SYN, 1, 7),
  encodeHeader(FRAME_TYPE.DATA, FLAG.FIN, 1, 5),
  Buffer.from("abcde"),
  encodeHeader(FRAME_TYPE.DATA, FLAG.ACK, 3, 0),
  encodeHeader(FRAME_TYPE.PING, FLAG.ACK, 0, 9),
  encodeHeader(FRAME_TYPE.DATA, 0, 5, 1),
  Buffer.from("f"),
]);

test("FrameReader reads the same wherever the bytes are cut in two, in three, and into single ones", () => {
  const whole = framesIn([BYTES]);
  deepStrictEqual(whole.map(({ header }) => header.type), [1, 0, 0, 2, 0]);
  deepStrictEqual(whole.map(({ body }) => body), ["", "abcde", "", "", "f"]);
  for (let first = 0; first <= BYTES.length; first++) {
    for (let second = first; second <= BYTES.length; second++) {
      const chunks = [
        BYTES.subarray(0, first),
        BYTES.subarray(first, second),
        BYTES.subarray(second),
      ];
      deepStrictEqual(framesIn(chunks), whole);
    }
  }
  deepStrictEqual(framesIn([...BYTES].map((byte) => Buffer.from([byte]))), whole);
});

test("FrameReader.isMidFrame is true exactly inside of a frame", () => {
  const ends: number[] = [];
  const reader = new FrameReader();
  [...BYTES].forEach((byte, index) => {
    for (const _ of reader.read(Buffer.from([byte])));
    if (!reader.isMidFrame) ends.push(index + 1);
  });
  deepStrictEqual(ends, [12, 29, 41, 53, 66]);
});

test("FrameReader.bodyLeft counts down to the end of a body", () => {
  const reader = new FrameReader();
  const left: number[] = [];
  for (const byte of BYTES.subarray(12, 29)) {
    for (const _ of reader.read(Buffer.from([byte])));
    left.push(reader.bodyLeft);
  }
  deepStrictEqual(left.slice(11), [5, 4, 3, 2, 1, 0]);
});

test("FrameReader gives the body as views of the chunk", () => {
  const chunk = Buffer.from(BYTES);
  const parts = [...new FrameReader().read(chunk)].filter((part) => Buffer.isBuffer(part));
  ok(parts.every((part) => part.buffer === chunk.buffer));
});

test("FrameReader reads any frames in any chunks", () => {
  forSeeds(300, (random) => {
    const frames = Array.from({ length: random.below(20) }, () => randomFrame(random));
    const bytes = Buffer.concat(frames.flatMap(({ header, body }) => [
      encodeHeader(header.type, header.flags, header.streamId, header.length),
      Buffer.from(body, "latin1"),
    ]));
    deepStrictEqual(framesIn(randomChunks(random, bytes)), frames);
  });
});

test("FrameReader takes any bytes at all", () => {
  forSeeds(300, (random) => {
    const bytes = Buffer.from(random.bytes(random.below(500)));
    const reader = new FrameReader();
    let seen = 0;
    for (const chunk of randomChunks(random, bytes)) {
      for (const part of reader.read(chunk)) seen += "type" in part ? 12 : part.length;
    }
    ok(seen <= bytes.length && seen > bytes.length - 12);
  });
});

function randomFrame(random: Random) {
  const type = random.below(4);
  const length = type === FRAME_TYPE.DATA ? random.below(60) : random.below(2 ** 32);
  const body = type === FRAME_TYPE.DATA ? random.text("ab\0\xff", length) : "";
  const streamId = random.below(2 ** 32);
  return { header: { version: 0, type, flags: random.below(2 ** 16), streamId, length }, body };
}

function randomChunks(random: Random, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const chunk = bytes.subarray(offset, offset + random.below(30));
    chunks.push(chunk);
    offset += chunk.length;
  }
  return chunks;
}
