import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { LineClassifier } from "../../src/logging/stderr_log.ts";

/** The level of a line that is logged as it stands. */
function verbatimLevel(line: string, classifier = new LineClassifier()): string {
  const { level, message, fields } = classifier.classify(line);
  strictEqual(message, line);
  deepStrictEqual(fields, {});
  return level;
}

// Levels in this file: what go-plugin 1.8 answers, run with these lines on a plugin's stderr.
for (
  const [line, level] of [
    ["[TRACE] a", "trace"],
    ["[DEBUG] a", "debug"],
    ["[INFO] a", "info"],
    ["[WARN] a", "warn"],
    ["[ERROR] a", "error"],
    ["[ERROR]", "error"],
    ["[WARN]tight", "warn"],
    ["[INFO] [ERROR] the first counts", "info"],
  ] as const
) {
  test(`LineClassifier takes the level of ${JSON.stringify(line)} from its prefix`, () => {
    strictEqual(verbatimLevel(line), level);
  });
}

for (
  const line of [
    "plain",
    "",
    " ",
    " [WARN] a",
    "\t[INFO] a",
    "[warn] a",
    "[Warn] a",
    "[WARNING] a",
    "[ERR] a",
    "[FATAL] a",
    "[OFF] a",
    "[INFO",
    "WARN a",
    "x [ERROR] a",
    "2024-01-02T03:04:05.678Z [WARN]  plugin: hclog's text form",
    "\ufeff[INFO] a",
    "\u00a0[INFO] a",
  ]
) {
  test(`LineClassifier takes ${JSON.stringify(line)} for debug`, () => {
    strictEqual(verbatimLevel(line), "debug");
  });
}

for (const line of ["panic: boom", "panic: ", "fatal error: all goroutines are asleep"]) {
  test(`LineClassifier takes ${JSON.stringify(line)} and what follows for errors`, () => {
    const classifier = new LineClassifier();
    const lines = [
      "before",
      line,
      "",
      "goroutine 1 [running]:",
      "\tmain.go:7 +0x1d",
      "[WARNING] a",
    ];
    deepStrictEqual(lines.map((text) => verbatimLevel(text, classifier)), [
      "debug",
      "error",
      "error",
      "error",
      "error",
      "error",
    ]);
  });
}

for (
  const line of [
    "panic",
    "panic:",
    "panic:x",
    " panic: x",
    "PANIC: x",
    "fatal error:",
    "Fatal error: x",
    "goroutine panic: x",
    "[DEBUG] panic: x",
    '"panic: x"',
  ]
) {
  test(`LineClassifier sees no panic in ${JSON.stringify(line)}`, () => {
    const classifier = new LineClassifier();
    strictEqual(verbatimLevel(line, classifier), "debug");
    strictEqual(verbatimLevel("after", classifier), "debug");
  });
}

test("LineClassifier leaves tagged and JSON lines their level after a panic", () => {
  const classifier = new LineClassifier();
  const lines = [
    ["panic: boom", "error"],
    ["[DEBUG] tagged", "debug"],
    ["[TRACE] tagged", "trace"],
    ['{"a":1}', "debug"],
    ['{"@level":"fatal"}', "debug"],
    ["null", "debug"],
    ["[1]", "error"],
    ["12", "error"],
    ['"text"', "error"],
    ["true", "error"],
    ["{broken", "error"],
    ["none of these ends it", "error"],
  ] as const;
  for (const [line, level] of lines) strictEqual(verbatimLevel(line, classifier), level, line);
  deepStrictEqual(classifier.classify('{"@level":"info","@message":"json"}'), {
    level: "info",
    message: "json",
    fields: {},
  });
  strictEqual(verbatimLevel("nor does JSON", classifier), "error");
});

test("LineClassifier sees no panic in the message of a JSON line", () => {
  const classifier = new LineClassifier();
  const { level } = classifier.classify('{"@level":"info","@message":"panic: boom"}');
  strictEqual(level, "info");
  strictEqual(verbatimLevel("after", classifier), "debug");
});

test("LineClassifiers do not share a panic", () => {
  const [first, second] = [new LineClassifier(), new LineClassifier()];
  strictEqual(verbatimLevel("panic: boom", first), "error");
  strictEqual(verbatimLevel("calm", second), "debug");
});

for (
  const line of [
    "null",
    " null ",
    '["HELLO"]',
    "12345",
    "-1.5e3",
    '"text"',
    "true",
    "false",
    "{}",
    '{"a":1}',
    '{"@message":"no level"}',
    '{"@level":"","@message":"m"}',
    '{"@level":"fatal","@message":"m"}',
    '{"@level":"off","@message":"m"}',
    '{"@level":"notice"}',
    '{"@level":"warning","@message":"m"}',
    '{"@LEVEL":"info"}',
    '{"level":"info","msg":"m"}',
    '{"@level":"info","@message":"m"} x',
    '{"@level":"info","@message":"m"',
    '{"@level":"info","@message":"m",}',
    "{'@level':'info'}",
    '{"@level":"info"}{}',
    '\u00a0{"@level":"info"}',
    '\ufeff{"@level":"info"}',
    "nul",
    "none",
    "{",
  ]
) {
  test(`LineClassifier logs ${JSON.stringify(line)} as it stands, at debug`, () => {
    strictEqual(verbatimLevel(line), "debug");
  });
}

for (
  const line of [
    '{"@level":5,"@message":"m"}',
    '{"@level":null,"@message":"m"}',
    '{"@level":["info"],"@message":"m"}',
    '{"@level":{"toString":1},"@message":"m"}',
    '{"@level":"info","@message":5}',
    '{"@level":"info","@message":null}',
    '{"@level":"info","@message":{"toString":1}}',
  ]
) {
  test(`LineClassifier logs ${line} as it stands, where a Go host crashes`, () => {
    strictEqual(verbatimLevel(line), "debug");
  });
}
