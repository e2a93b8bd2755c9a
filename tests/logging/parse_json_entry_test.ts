import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseJsonEntry } from "../../src/logging/hclog.ts";
import { LineClassifier } from "../../src/logging/stderr_log.ts";

for (
  const [name, level] of [
    ["trace", "trace"],
    ["debug", "debug"],
    ["info", "info"],
    ["warn", "warn"],
    ["error", "error"],
    ["TRACE", "trace"],
    ["Debug", "debug"],
    ["eRRor", "error"],
    [" Info ", "info"],
    ["\tWARN\n", "warn"],
    ["\u2028info\u00a0", "info"],
  ] as const
) {
  test(`parseJsonEntry() knows the level ${JSON.stringify(name)}`, () => {
    const line = JSON.stringify({ "@level": name, "@message": "m" });
    deepStrictEqual(parseJsonEntry(line), { level, message: "m", fields: {} });
  });
}

for (const name of ["fatal", "off", "warning", "err", "notice", "nolevel", "", "0", "in fo"]) {
  test(`parseJsonEntry() knows no level ${JSON.stringify(name)}`, () => {
    strictEqual(parseJsonEntry(JSON.stringify({ "@level": name, "@message": "m" })), undefined);
  });
}

test("parseJsonEntry() takes every key but message and level for a field, time last", () => {
  const entry = parseJsonEntry(
    '{"@timestamp":"2024-01-02T03:04:05.123456+02:00","@level":"info","@message":"m",' +
      '"@module":"p.q","@caller":"main.go:1","n":1.5,"l":[1,null],"o":{"k":true},"z":null}',
  );
  deepStrictEqual(entry, {
    level: "info",
    message: "m",
    fields: {
      "@module": "p.q",
      "@caller": "main.go:1",
      n: 1.5,
      l: [1, null],
      o: { k: true },
      z: null,
      timestamp: "2024-01-02T03:04:05.123456+02:00",
    },
  });
  strictEqual(Object.keys(entry?.fields ?? {}).at(-1), "timestamp");
});

for (
  const time of [
    "2024-01-02T03:04:05.123456Z",
    "2024-01-02T03:04:05.123Z",
    "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05.123456789Z",
    "yesterday",
    "",
  ]
) {
  test(`parseJsonEntry() takes the time ${JSON.stringify(time)} as it stands`, () => {
    const line = JSON.stringify({ "@level": "info", "@message": "m", "@timestamp": time });
    deepStrictEqual(parseJsonEntry(line)?.fields, { timestamp: time });
  });
}

for (const time of [5, null, [1], {}, true]) {
  test(`parseJsonEntry() survives the time ${JSON.stringify(time)}, where a Go host crashes`, () => {
    const line = JSON.stringify({ "@level": "info", "@message": "m", "@timestamp": time });
    deepStrictEqual(parseJsonEntry(line), {
      level: "info",
      message: "m",
      fields: { timestamp: time },
    });
  });
}

test("parseJsonEntry() takes a missing message for an empty one", () => {
  deepStrictEqual(parseJsonEntry('{"@level":"info"}'), { level: "info", message: "", fields: {} });
});

test("parseJsonEntry() takes blanks around the object", () => {
  const line = ' \t{ "@level" : "warn" , "@message" : "m" }\t ';
  deepStrictEqual(parseJsonEntry(line), { level: "warn", message: "m", fields: {} });
});

test("parseJsonEntry() takes the last of two equal keys, as Go does", () => {
  const line = '{"@level":"info","@level":"warn","@message":"a","@message":"b"}';
  deepStrictEqual(parseJsonEntry(line), { level: "warn", message: "b", fields: {} });
});

test("parseJsonEntry() takes keys that objects have anyway for fields like any other", () => {
  const line = '{"@level":"info","__proto__":{"x":1},"constructor":2,"toString":3}';
  const fields = parseJsonEntry(line)?.fields ?? {};
  deepStrictEqual(Object.entries(fields), [
    ["__proto__", { x: 1 }],
    ["constructor", 2],
    ["toString", 3],
  ]);
  strictEqual(Object.getPrototypeOf(fields), Object.prototype);
});

test("LineClassifier finds level, message and fields of a JSON line", () => {
  const line = '{"@level":"ERROR","@message":"a\\nb","@module":"kv","@timestamp":"t","n":1}';
  deepStrictEqual(new LineClassifier().classify(line), {
    level: "error",
    message: "a\nb",
    fields: { "@module": "kv", n: 1, timestamp: "t" },
  });
});
