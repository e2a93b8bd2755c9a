import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseGoBoolean, parseGoInteger } from "../../src/wire/go_syntax.ts";

// What Go 1.26 answers, strconv.Atoi.
for (
  const [text, number] of [
    ["0", 0],
    ["1", 1],
    ["01", 1],
    ["+1", 1],
    ["-1", -1],
    ["-007", -7],
    ["-0", 0],
    ["25000", 25_000],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["-9007199254740991", Number.MIN_SAFE_INTEGER],
  ] as const
) {
  test(`parseGoInteger() reads "${text}"`, () => {
    strictEqual(parseGoInteger(text), number);
  });
}

for (
  const text of [
    "",
    " ",
    " 5",
    "5 ",
    "5\n",
    "x",
    "+",
    "-",
    "--1",
    "1.0",
    "1e3",
    "0x1",
    "1_0",
    "1,2",
    "٣",
    "Infinity",
    "NaN",
    "9223372036854775808",
  ]
) {
  test(`parseGoInteger() refuses ${JSON.stringify(text)}`, () => {
    strictEqual(parseGoInteger(text), undefined);
  });
}

test("parseGoInteger() refuses what a number cannot hold, though Go's int64 can", () => {
  strictEqual(parseGoInteger("9007199254740992"), undefined);
  strictEqual(parseGoInteger("-9223372036854775808"), undefined);
});

for (const text of ["1", "t", "T", "TRUE", "true", "True"]) {
  test(`parseGoBoolean() takes "${text}" for true`, () => {
    strictEqual(parseGoBoolean(text), true);
  });
}

for (const text of ["0", "f", "F", "FALSE", "false", "False"]) {
  test(`parseGoBoolean() takes "${text}" for false`, () => {
    strictEqual(parseGoBoolean(text), false);
  });
}

for (
  const text of [
    "",
    "yes",
    "no",
    "banana",
    "tRUE",
    "true ",
    " true",
    "true\n",
    "01",
    "2",
  ]
) {
  test(`parseGoBoolean() refuses ${JSON.stringify(text)}`, () => {
    strictEqual(parseGoBoolean(text), undefined);
  });
}
