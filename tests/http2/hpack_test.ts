/** HPACK by value. Source of the vectors: RFC 7541 appendix C. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, Http2Error } from "../../src/http2/errors.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import { checkFields, HeaderTemplate, HpackEncoder } from "../../src/http2/hpack_encoder.ts";
import { concat, hex } from "./memory.ts";

const ANY_SIZE = 1 << 20;

function decode(decoder: HpackDecoder, block: Uint8Array): string[] | undefined {
  return decoder.decode(block, 0, block.length)?.flatMap(({ name, value }) => [name, value]);
}

/** Every byte from 0 to 255, as Go's golang.org/x/net/http2/hpack codes it. */
const ALL_BYTES_CODED =
  "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffff" +
  "ffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7ff" +
  "fffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb" +
  "9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242c" +
  "b34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5f" +
  "fffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffffeeffffc3ffff" +
  "8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd" +
  "3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77" +
  "fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3f" +
  "fffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87fff" +
  "fe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdff" +
  "ff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfff" +
  "ffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf";

const EXAMPLE = [":scheme", "http", ":path", "/", ":authority", "www.example.com"];
const REQUESTS: readonly (readonly string[])[] = [
  [":method", "GET", ...EXAMPLE],
  [":method", "GET", ...EXAMPLE, "cache-control", "no-cache"],
  [
    ...[":method", "GET", ":scheme", "https", ":path", "/index.html"],
    ...[":authority", "www.example.com", "custom-key", "custom-value"],
  ],
];
const DATE_1 = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const DATE_2 = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const LOCATION = ["location", "https://www.example.com"];
const RESPONSES: readonly (readonly string[])[] = [
  [":status", "302", "cache-control", "private", ...DATE_1, ...LOCATION],
  [":status", "307", "cache-control", "private", ...DATE_1, ...LOCATION],
  [
    ...[":status", "200", "cache-control", "private", ...DATE_2, ...LOCATION],
    ...["content-encoding", "gzip"],
    ...["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
];

for (
  const [name, tableBytes, lists, blocks] of [
    ["C.3 requests, plain", 4096, REQUESTS, [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ]],
    ["C.4 requests, Huffman", 4096, REQUESTS, [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ]],
    ["C.5 responses with evictions, plain", 256, RESPONSES, [
      "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
      "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f" +
      "3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076" +
      "657273696f6e3d31",
    ]],
    ["C.6 responses with evictions, Huffman", 256, RESPONSES, [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f" +
      "0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df" +
      "dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ]],
  ] as const
) {
  test(`HpackDecoder.decode() reads the RFC's examples: ${name}`, () => {
    const decoder = new HpackDecoder(ANY_SIZE, tableBytes);
    blocks.forEach((block, at) => deepStrictEqual(decode(decoder, hex(block)), lists[at]));
  });
}

for (
  const [name, block, list, changes] of [
    ["C.2.1", "400a637573746f6d2d6b65790d637573746f6d2d686561646572", [
      "custom-key",
      "custom-header",
    ], 1],
    ["C.2.2", "040c2f73616d706c652f70617468", [":path", "/sample/path"], 0],
    ["C.2.3, never indexed", "100870617373776f726406736563726574", ["password", "secret"], 0],
    ["C.2.4", "82", [":method", "GET"], 0],
    ["nothing", "", [], 0],
    ["a size update alone", "20", [], 1],
    ["two size updates and a field", "20 3f e1 1f 82", [":method", "GET"], 2],
    ["an empty value", "00 0161 00", ["a", ""], 0],
    ["a byte above 127", "00 0161 01e4", ["a", "\u00e4"], 0],
  ] as const
) {
  test(`HpackDecoder.decode() reads a block: ${name}`, () => {
    const decoder = new HpackDecoder(ANY_SIZE);
    deepStrictEqual(decode(decoder, hex(block)), list);
    strictEqual(decoder.changes, changes);
  });
}

test("HpackDecoder.decode() reads all of Huffman's symbols", () => {
  const coded = hex(ALL_BYTES_CODED);
  const length = concat(Uint8Array.of(0xff), Uint8Array.of(((coded.length - 127) & 127) | 128));
  const block = concat(hex("00 0161"), length, Uint8Array.of((coded.length - 127) >> 7), coded);
  const value = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  deepStrictEqual(decode(new HpackDecoder(ANY_SIZE), block), ["a", value]);
});

test("HpackDecoder.decode() reads a long value, ASCII or not", () => {
  const decoder = new HpackDecoder(ANY_SIZE);
  for (const value of ["a".repeat(100), "a".repeat(9000) + "\u00e4", "\u00e4".repeat(9000)]) {
    const encoder = new HpackEncoder();
    const block = encoder.encode(new HeaderTemplate([]), ["n", value]);
    deepStrictEqual(decode(decoder, block), ["n", value]);
  }
});

for (
  const [name, block] of [
    ["index 0", "80"],
    ["an index beyond the table", "be"],
    ["a name index beyond the table", "7e 0161"],
    ["a size update after a field", "82 20"],
    ["a size update above the limit", "3f e2 1f"],
    ["an integer that ends early", "ff"],
    ["an integer without end", "ff ff ff ff ff ff ff 01"],
    ["a missing name", "00"],
    ["a name that ends early", "00 05 61"],
    ["a missing value", "00 01 61"],
    ["a value that ends early", "00 01 61 05 62"],
    ["a coded value that ends early", "00 01 61 85 62"],
    ["padding of eight bits", "00 01 61 82 1f ff"],
    ["padding of zeros", "00 01 61 81 18"],
    ["the end of the string in a string", "00 01 61 84 ff ff ff ff"],
  ] as const
) {
  test(`HpackDecoder.decode() refuses ${name}`, () => {
    throws(
      () => decode(new HpackDecoder(ANY_SIZE), hex(block)),
      (error) => error instanceof Http2Error && error.code === ErrorCode.compressionError,
    );
  });
}

test("HpackDecoder.decode() counts a list that is too large without keeping it, and goes on", () => {
  const decoder = new HpackDecoder(200);
  const entry = concat(hex("40 0161 50"), new Uint8Array(80).fill(98));
  strictEqual(decode(decoder, concat(entry, new Uint8Array(3000).fill(0xbe))), undefined);
  // The entry counts 113 bytes: one of it is allowed, two are not.
  deepStrictEqual(decode(decoder, hex("be")), ["a", "b".repeat(80)]);
  strictEqual(decode(decoder, hex("be be")), undefined);
});

test("HpackDecoder.decode() evicts the oldest, and all for an entry larger than the table", () => {
  const decoder = new HpackDecoder(ANY_SIZE, 100);
  const add = (name: string, length: number) =>
    decode(
      decoder,
      concat(
        hex("40 01"),
        Uint8Array.from([name.charCodeAt(0), length]),
        new Uint8Array(length).fill(120),
      ),
    );
  add("a", 10);
  add("b", 10);
  deepStrictEqual(decode(decoder, hex("be bf")), ["b", "x".repeat(10), "a", "x".repeat(10)]);
  add("c", 10);
  deepStrictEqual(decode(decoder, hex("be bf")), ["c", "x".repeat(10), "b", "x".repeat(10)]);
  throws(() => decode(decoder, hex("c0")));
  add("d", 90);
  throws(() => decode(decoder, hex("be")));
});

test("HpackEncoder.encode() puts a template into the table once and then sends indices", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(ANY_SIZE);
  const template = new HeaderTemplate([":method", "POST", ":path", "/a/b", "x-y", "z"]);
  const first = encoder.encode(template).slice();
  deepStrictEqual(first, hex("83 44 04 2f612f62 40 03 782d79 01 7a"));
  deepStrictEqual(decode(decoder, first), template.list);
  const second = encoder.encode(template);
  deepStrictEqual(second.slice(), hex("83 bf be"));
  deepStrictEqual(decode(decoder, second), template.list);
  strictEqual(encoder.encode(template), second);
});

test("HpackEncoder.encode() gives a known template new indices when another one moves them", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(ANY_SIZE);
  const templates = ["a", "b", "c"].map((name) => new HeaderTemplate([name, name, "same", "s"]));
  for (let round = 0; round < 3; round++) {
    for (const template of templates) {
      deepStrictEqual(decode(decoder, encoder.encode(template)), template.list);
    }
  }
  strictEqual(encoder.encode(templates[0]!).length, 2);
});

test("HpackEncoder.encode() leaves no trace of the extra fields", () => {
  const encoder = new HpackEncoder();
  const template = new HeaderTemplate([":status", "200"]);
  deepStrictEqual(
    encoder.encode(template, ["date", "x", "n", "v"]).slice(),
    hex("88 0f12 01 78 00 01 6e 01 76"),
  );
  deepStrictEqual(encoder.encode(template).slice(), hex("88"));
  deepStrictEqual(encoder.encode(template, []).slice(), hex("88"));
});

test("HpackEncoder.encode() spells out what no longer fits into the table", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(ANY_SIZE);
  for (let number = 0; number < 100; number++) {
    const template = new HeaderTemplate([`name-${number}`, "v".repeat(50)]);
    for (let time = 0; time < 2; time++) {
      deepStrictEqual(decode(decoder, encoder.encode(template)), template.list);
    }
  }
  const early = new HeaderTemplate(["name-0", "v".repeat(50)]);
  ok(encoder.encode(early).length <= 2);
});

test("HpackEncoder.limitTable() announces the smaller table and starts over", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(ANY_SIZE);
  const template = new HeaderTemplate(["a", "b"]);
  decode(decoder, encoder.encode(template));
  encoder.limitTable(100);
  const block = encoder.encode(template);
  deepStrictEqual(block.slice(), hex("20 3f 45 40 01 61 01 62"));
  deepStrictEqual(decode(decoder, block), template.list);
  deepStrictEqual(encoder.encode(template).slice(), hex("be"));
  encoder.limitTable(0);
  deepStrictEqual(encoder.encode(template).slice(), hex("20 20 00 01 61 01 62"));
  deepStrictEqual(encoder.encode(template).slice(), hex("00 01 61 01 62"));
  encoder.limitTable(1 << 20);
  deepStrictEqual(encoder.encode(template).slice(), hex("20 3f e1 1f 40 01 61 01 62"));
});

test("HpackEncoder.limitTable() says the size also before a template without any new field", () => {
  const encoder = new HpackEncoder();
  const status = new HeaderTemplate([":status", "200"]);
  encoder.encode(status);
  encoder.limitTable(50);
  deepStrictEqual(encoder.encode(status, ["a", "b"]).slice(), hex("20 3f 13 88 00 01 61 01 62"));
  deepStrictEqual(encoder.encode(status).slice(), hex("88"));
});

test("HeaderTemplate keeps a copy of the list", () => {
  const list = ["a", "b"];
  const template = new HeaderTemplate(list);
  list[1] = "c";
  notStrictEqual(template.list[1], "c");
});

for (
  const list of [
    ["A", "b"],
    ["", "b"],
    ["a b", "c"],
    ["a:", "b"],
    ["a"],
    ["a", "b\n"],
    ["a", "b\r"],
    ["a", "b\0"],
    ["a", "\u0100"],
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["te", "gzip"],
    [":status", "20"],
    [":unknown", "x"],
  ]
) {
  test(`checkFields() refuses ${JSON.stringify(list)}`, () => {
    throws(() => checkFields(list), TypeError);
    throws(() => new HeaderTemplate(list), TypeError);
  });
}
