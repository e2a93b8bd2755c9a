import { deepStrictEqual, doesNotThrow, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  formatJsonEntry,
  formatTextEntry,
  type LogEntry,
  parseJsonEntry,
} from "../../src/logging/hclog.ts";
import { LOG_LEVELS, type LogFields } from "../../src/logging/levels.ts";
import { forSeeds } from "../wire/random.ts";

function entry(changes: Partial<LogEntry> = {}): LogEntry {
  return {
    level: "info",
    name: "kv",
    message: "opened",
    fields: {},
    time: new Date("2024-01-02T03:04:05.678Z"),
    ...changes,
  };
}

function withFields(fields: LogFields): LogEntry {
  return entry({ fields });
}

test("formatJsonEntry() prints hclog's JSON in one line", () => {
  strictEqual(
    formatJsonEntry(withFields({ path: "/tmp/a b", count: 2, ok: true, none: null, list: [1] })),
    '{"@level":"info","@message":"opened","@module":"kv",' +
      '"@timestamp":"2024-01-02T03:04:05.678000Z",' +
      '"path":"/tmp/a b","count":2,"ok":true,"none":null,"list":[1]}',
  );
});

test("formatJsonEntry() leaves out an empty name", () => {
  strictEqual("@module" in JSON.parse(formatJsonEntry(entry({ name: "" }))), false);
});

test("formatJsonEntry() prints exactly six digits behind the second", () => {
  forSeeds(200, (random) => {
    const time = new Date(random.below(2 ** 32) * 1000 + random.pick([0, 1, 10, 500, 999]));
    const { "@timestamp": timestamp } = JSON.parse(formatJsonEntry(entry({ time })));
    match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    strictEqual(new Date(timestamp).getTime(), time.getTime());
  });
});

test("formatJsonEntry() gives each level the name that hclog knows", () => {
  for (const level of LOG_LEVELS) {
    if (level === "off") continue;
    strictEqual(JSON.parse(formatJsonEntry(entry({ level })))["@level"], level);
  }
});

test("formatJsonEntry() prints strings for all that a Go host takes for strings", () => {
  const messages = [5, undefined, null, {}, new Error("boom"), 10n] as unknown as string[];
  for (const message of messages) {
    const printed = JSON.parse(formatJsonEntry(entry({ message })));
    for (const key of ["@level", "@message", "@module", "@timestamp"]) {
      strictEqual(typeof printed[key], "string", key);
    }
  }
});

test("formatJsonEntry() renames fields that would take the place of what the host reads", () => {
  const line = formatJsonEntry(
    withFields({ "@level": 1, "@message": 2, "@timestamp": 3, "@module": 4, "@own": 5, "a@b": 6 }),
  );
  deepStrictEqual(JSON.parse(line), {
    "@level": "info",
    "@message": "opened",
    "@module": "kv",
    "@timestamp": "2024-01-02T03:04:05.678000Z",
    field_level: 1,
    field_message: 2,
    field_timestamp: 3,
    field_module: 4,
    field_own: 5,
    "a@b": 6,
  });
});

test("formatJsonEntry() prints an error's message and a bigint's digits", () => {
  const { error, big } = JSON.parse(
    formatJsonEntry(withFields({ error: new Error("x"), big: 1n })),
  );
  deepStrictEqual([error, big], ["x", "1"]);
});

test("formatJsonEntry() writes what parseJsonEntry() reads", () => {
  const alphabet = 'a "\\{}[]:,\n\r\t\0\x1b\u2028é\ud834𝄞@';
  forSeeds(300, (random) => {
    const level = random.pick(["trace", "debug", "info", "warn", "error"] as const);
    const message = random.text(alphabet, random.below(30));
    const fields = { text: random.text(alphabet, random.below(30)), number: random.below(1e6) };
    const line = formatJsonEntry(entry({ level, message, fields }));
    strictEqual(/[\r\n]/.test(line), false);
    deepStrictEqual(parseJsonEntry(line), {
      level,
      message,
      fields: { "@module": "kv", ...fields, timestamp: "2024-01-02T03:04:05.678000Z" },
    });
  });
});

test("formatTextEntry() prints time, level, name and message", () => {
  strictEqual(formatTextEntry(entry()), "2024-01-02T03:04:05.678Z [INFO]  kv: opened");
  strictEqual(formatTextEntry(entry({ name: "" })), "2024-01-02T03:04:05.678Z [INFO]  opened");
});

test("formatTextEntry() prints the level in hclog's seven columns", () => {
  const levels = ["trace", "debug", "info", "warn", "error"] as const;
  deepStrictEqual(levels.map((level) => formatTextEntry(entry({ level })).slice(25, 33)), [
    "[TRACE] ",
    "[DEBUG] ",
    "[INFO]  ",
    "[WARN]  ",
    "[ERROR] ",
  ]);
});

test("formatTextEntry() prints fields behind a colon, quoted where they need it", () => {
  const fields = { path: "/tmp", text: "a b", empty: "", count: 2, quote: 'a"b', equals: "a=b" };
  strictEqual(
    formatTextEntry(withFields(fields)).slice(33),
    String.raw`kv: opened: path=/tmp text="a b" empty="" count=2 quote="a\"b" equals="a=b"`,
  );
});

test("formatTextEntry() prints an error's message and a bigint's digits", () => {
  const line = formatTextEntry(withFields({ error: new Error("no such file"), big: 1n }));
  strictEqual(line.slice(33), 'kv: opened: error="no such file" big=1');
});

/** A value that holds itself. */
function cycle(value: Record<string, unknown>): unknown {
  value.self = value;
  return value;
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const list: unknown[] = [];
list.push(list);

const UNUSUAL: Record<string, unknown> = {
  "an error with a line break": new Error("a\nb"),
  "an error in an object": { error: new Error("inner") },
  "an error that is its own cause": cycle(new Error("x") as unknown as Record<string, unknown>),
  "a bigint": 12345678901234567890n,
  "a bigint in an object": { big: [1n] },
  "an object in itself": cycle({}),
  "an object in itself that has no prototype": cycle(Object.create(null)),
  "an array in itself": list,
  "a toJSON that throws": { toJSON: () => fail(), toString: () => fail() },
  "a getter that throws": {
    get value() {
      return fail();
    },
  },
  "a revoked proxy": revoked.proxy,
  "a symbol": Symbol("s"),
  "a function": fail,
  "undefined": undefined,
  "not a number": NaN,
  "an invalid date": new Date(NaN),
  "a map": new Map([[1, 1n]]),
  "half a surrogate pair": "\ud834",
  "a line break": "a\r\nb\rc\n",
};

function fail(): never {
  throw new Error("thrown by a field");
}

for (const [what, value] of Object.entries(UNUSUAL)) {
  for (const format of [formatJsonEntry, formatTextEntry]) {
    test(`${format.name}() prints an entry in one line that holds ${what}`, () => {
      let line = "";
      doesNotThrow(() => line = format(withFields({ before: "b", value, after: "a" })));
      strictEqual(/[\r\n]/.test(line), false, line);
      match(line, /opened.*before.*after/);
      if (format === formatJsonEntry) strictEqual(JSON.parse(line).after, "a");
    });
  }
}

for (const format of [formatJsonEntry, formatTextEntry]) {
  test(`${format.name}() prints one line, whatever line breaks message and keys hold`, () => {
    const message = "first\nsecond\r\nthird\rfourth\n";
    const line = format(entry({ message, fields: { "a\nb": 1, "c\r": 2 } }));
    strictEqual(/[\r\n]/.test(line), false, line);
    match(line, /first.*second.*third.*fourth/);
  });
}
