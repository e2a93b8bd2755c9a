import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { LineCutter } from "../../src/logging/stderr_log.ts";
import { forSeeds, type Random } from "../wire/random.ts";
import { READ_LINE_VECTORS } from "./read_line_vectors.ts";

/** A piece with its text in place of its bytes. */
interface Piece {
  readonly text: string;
  readonly endsLine: boolean;
  readonly isPartial: boolean;
}

/** What a cutter gives for a stream that arrives in these chunks. */
function cut(bufferBytes: number, chunks: readonly string[]): Piece[] {
  const cutter = new LineCutter(bufferBytes);
  const pieces = chunks.flatMap((chunk) => [...cutter.push(latin1(chunk))]);
  return [...pieces, ...cutter.end()].map(({ bytes, endsLine, isPartial }) => ({
    text: String.fromCharCode(...bytes),
    endsLine,
    isPartial,
  }));
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Go's lines as go-plugin sees them: what follows a prefix is part of a long line as well. */
function fromGo(lines: readonly (readonly [string, boolean])[]): Piece[] {
  return lines.map(([text, isPrefix], i) => ({
    text,
    endsLine: !isPrefix,
    isPartial: isPrefix || lines[i - 1]?.[1] === true,
  }));
}

/**
 * Go's bufio.Reader.ReadLine over the whole text. It looks for a line break
 * among as many bytes as the buffer holds, so a line that leaves no room for
 * its own counts as too long; a CR at the end of a full buffer is put back.
 */
function readLines(text: string, size: number): [string, boolean][] {
  const lines: [string, boolean][] = [];
  for (let start = 0; start < text.length;) {
    const buffered = text.slice(start, start + size);
    const end = buffered.indexOf("\n");
    if (end >= 0) {
      lines.push([buffered.slice(0, end).replace(/\r$/, ""), false]);
      start += end + 1;
    } else {
      const isFull = buffered.length === size;
      const line = isFull ? buffered.replace(/\r$/, "") : buffered;
      lines.push([line, isFull]);
      start += line.length;
    }
  }
  return lines;
}

for (const [size, text, lines] of READ_LINE_VECTORS) {
  test(`LineCutter(${size}) cuts ${JSON.stringify(text)} as Go does`, () => {
    deepStrictEqual(cut(size, [text]), fromGo(lines));
    deepStrictEqual(cut(size, [...text]), fromGo(lines));
    deepStrictEqual(readLines(text, Math.max(16, size)), lines);
  });
}

const EVERYTHING = "one\ntwo\r\nth\rree\n\n\r\n\r\r\nexactly 16 bytes\n15 bytes and CR\r\n" +
  "a long line whose CR LF comes thirty-second\r\nand one\rwith a CR at the 32\r.\nend\r";

test("LineCutter gives the same for a text cut in two, wherever that is", () => {
  for (const size of [16, 17, 18, 31, 32, 64, 1000]) {
    const whole = fromGo(readLines(EVERYTHING, size));
    for (let at = 0; at <= EVERYTHING.length; at++) {
      const chunks = [EVERYTHING.slice(0, at), EVERYTHING.slice(at)];
      deepStrictEqual(cut(size, chunks), whole, `buffer of ${size}, cut at ${at}`);
    }
  }
});

test("LineCutter gives the same for a text cut in three, wherever that is", () => {
  const whole = fromGo(readLines(EVERYTHING, 16));
  for (let first = 0; first <= EVERYTHING.length; first++) {
    for (let second = first; second <= EVERYTHING.length; second++) {
      const chunks = [
        EVERYTHING.slice(0, first),
        EVERYTHING.slice(first, second),
        EVERYTHING.slice(second),
      ];
      deepStrictEqual(cut(16, chunks), whole, `cut at ${first} and ${second}`);
    }
  }
});

function randomChunks(random: Random): string[] {
  return Array.from({ length: random.below(12) }, () => {
    const alphabet = random.pick(["a", "ab\n", "a\r\n", "\r\n", "aaaaaaaaaaaa\r\n\xff\0"]);
    return random.text(alphabet, random.below(random.pick([3, 20, 70])));
  });
}

test("LineCutter cuts any bytes in any chunks as Go does", () => {
  forSeeds(1000, (random) => {
    const size = 16 + random.below(40);
    const chunks = randomChunks(random);
    deepStrictEqual(cut(size, chunks), fromGo(readLines(chunks.join(""), size)));
  });
});

test("LineCutter loses no byte but line endings", () => {
  forSeeds(300, (random) => {
    const chunks = randomChunks(random);
    const text = chunks.join("").replaceAll(/\r?\n/g, "\n");
    const pieces = cut(16 + random.below(40), chunks);
    const joined = pieces.map(({ text, endsLine }) => endsLine ? `${text}\n` : text).join("");
    strictEqual(joined.replace(/\n$/, ""), text.replace(/\n$/, ""));
  });
});

test("LineCutter gives a line as soon as its LF is there", () => {
  const cutter = new LineCutter(16);
  strictEqual([...cutter.push(latin1("a\r"))].length, 0);
  strictEqual([...cutter.push(latin1("\nb"))].length, 1);
  strictEqual([...cutter.push(latin1("\n"))].length, 1);
});

test("LineCutter gives a piece as soon as the buffer is full", () => {
  const cutter = new LineCutter(16);
  strictEqual([...cutter.push(latin1("a".repeat(15)))].length, 0);
  strictEqual([...cutter.push(latin1("a"))].length, 1);
});

test("LineCutter gives pieces that later bytes do not change", () => {
  const cutter = new LineCutter(16);
  const chunk = latin1("first\n");
  const [line] = cutter.push(chunk);
  chunk.fill(0);
  const [piece] = cutter.push(latin1(`${"b".repeat(16)}c`));
  [...cutter.push(latin1("overwritten\n"))];
  deepStrictEqual([line?.bytes, piece?.bytes], [latin1("first"), latin1("b".repeat(16))]);
});

test("LineCutter takes an endless line without keeping it", () => {
  const cutter = new LineCutter(1024);
  const chunk = new Uint8Array(64 * 1024).fill(97);
  let count = 0;
  for (let i = 0; i < 64; i++) {
    for (const { bytes, endsLine, isPartial } of cutter.push(chunk)) {
      count += bytes.length;
      deepStrictEqual([bytes.length, endsLine, isPartial], [1024, false, true]);
    }
  }
  strictEqual(count, 64 * chunk.length);
});

test("LineCutter.end() gives nothing for an empty stream, and nothing after a LF", () => {
  const cutter = new LineCutter(16);
  deepStrictEqual([...cutter.end()], []);
  const ended = new LineCutter(16);
  strictEqual([...ended.push(latin1("a\n"))].length, 1);
  deepStrictEqual([...ended.end()], []);
});

test("LineCutter.end() gives an unfinished line once", () => {
  const cutter = new LineCutter(16);
  strictEqual([...cutter.push(latin1("last"))].length, 0);
  strictEqual([...cutter.end()].length, 1);
  deepStrictEqual([...cutter.end()], []);
});
