/**
 * The Huffman code of HPACK, decoding only: this side sends plain strings, as
 * its peer is on the same machine.
 *
 * Source: RFC 7541 section 5.2 and appendix B.
 */
import { breach, ErrorCode } from "./errors.ts";
import { latin1 } from "./latin1.ts";

/**
 * The length of each symbol's code in bits, from symbol 0 to 256 (the end of
 * the string), as a letter: A is 5. The code is canonical, so that the lengths
 * say it all: shorter codes come first, and among equals lower symbols.
 */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJB" +
  "KABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS" +
  "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";
const LETTER_BASE = "A".charCodeAt(0) - 5;
const END_OF_STRING = 256;
/** The shortest code has 5 bits, so that one byte ends at most two symbols. */
const MAX_SYMBOLS_PER_BYTE = 2;

/** In a table entry: the next node is below, a symbol's byte above this bit. */
const SYMBOL_SHIFT = 8;
const HAS_SYMBOL = 1 << 16;
const IS_BAD = 1 << 17;

/** A machine that takes four bits a step. */
interface Machine {
  /** By node times 16 plus bits: the next node, and the symbol that ended on the way. */
  readonly steps: Int32Array;
  /** By node: 1 if a string may end there. */
  readonly mayEnd: Uint8Array;
}

let machine: Machine | undefined;
let scratch = new Uint8Array(1024);

/**
 * Decodes a string.
 *
 * @throws {Http2Error} COMPRESSION_ERROR for the end-of-string symbol or wrong padding.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const { steps, mayEnd } = machine ??= buildMachine();
  const room = (end - start) * MAX_SYMBOLS_PER_BYTE;
  if (room > scratch.length) scratch = new Uint8Array(room);
  let node = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    for (let bits = byte >> 4, half = 0; half < 2; bits = byte & 15, half++) {
      const step = steps[node * 16 + bits]!;
      if (step >= HAS_SYMBOL) {
        if (step >= IS_BAD) breach(ErrorCode.compressionError, "end-of-string symbol in a string");
        scratch[length++] = step >> SYMBOL_SHIFT;
      }
      node = step & 255;
    }
  }
  if (mayEnd[node] === 0) breach(ErrorCode.compressionError, "wrong padding of a Huffman string");
  return latin1(scratch, 0, length);
}

/** Built when the first coded string comes: many connections never see one. */
function buildMachine(): Machine {
  const tree = buildTree();
  const steps = new Int32Array(tree.length * 16);
  for (let node = 0; node < tree.length; node++) {
    for (let bits = 0; bits < 16; bits++) steps[node * 16 + bits] = walk(tree, node, bits);
  }
  // Padding is made of ones, seven at most: the start of the end-of-string symbol.
  const mayEnd = new Uint8Array(tree.length);
  for (let node = 0, ones = 0; ones <= 7; ones++, node = tree[node]![1]!) mayEnd[node] = 1;
  return { steps, mayEnd };
}

function walk(tree: readonly number[][], start: number, bits: number): number {
  let node = start;
  let symbol = 0;
  for (let shift = 3; shift >= 0; shift--) {
    node = tree[node]![(bits >> shift) & 1]!;
    if (node >= 0) continue;
    const ended = toLeaf(node);
    if (ended === END_OF_STRING) return IS_BAD;
    symbol = HAS_SYMBOL | (ended << SYMBOL_SHIFT);
    node = 0;
  }
  return symbol | node;
}

/** Inner nodes by number, 0 is the root; of a pair, a negative number is a leaf, -1 nothing. */
function buildTree(): number[][] {
  const lengthOf = (symbol: number) => LENGTHS.charCodeAt(symbol) - LETTER_BASE;
  const symbols = Array.from({ length: LENGTHS.length }, (_, symbol) => symbol)
    .sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const tree = [[-1, -1]];
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    code *= 2 ** (lengthOf(symbol) - length);
    length = lengthOf(symbol);
    plant(tree, code, length, symbol);
    code++;
  }
  return tree;
}

function plant(tree: number[][], code: number, length: number, symbol: number): void {
  let node = 0;
  for (let shift = length - 1; shift > 0; shift--) {
    const pair = tree[node]!;
    const bit = (code >> shift) & 1;
    if (pair[bit] === -1) pair[bit] = tree.push([-1, -1]) - 1;
    node = pair[bit]!;
  }
  tree[node]![code & 1] = toLeaf(symbol);
}

/** A symbol as a leaf, and back. */
function toLeaf(symbol: number): number {
  return -2 - symbol;
}
