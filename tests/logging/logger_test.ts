import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { isLogged, LOG_LEVELS, type LogLevel } from "../../src/logging/levels.ts";
import { makeLogger } from "../../src/logging/logger.ts";
import { LineClassifier } from "../../src/logging/stderr_log.ts";

const ENTRY_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

/** What a logger at this level prints when each of its methods is called. */
function printedAt(level?: LogLevel): string[] {
  const lines: string[] = [];
  const logger = makeLogger({ ...(level && { level }), write: (line) => lines.push(line) });
  for (const method of ENTRY_LEVELS) logger[method](method);
  return lines.map((line) => line.slice(33));
}

test("makeLogger() prints entries at its level and above", () => {
  for (const [i, level] of ENTRY_LEVELS.entries()) {
    deepStrictEqual(printedAt(level), ENTRY_LEVELS.slice(i));
  }
});

test("makeLogger() prints nothing at off, everything by default", () => {
  deepStrictEqual(printedAt("off"), []);
  deepStrictEqual(printedAt(), [...ENTRY_LEVELS]);
});

test("makeLogger() says its level, trace by default", () => {
  for (const level of LOG_LEVELS) strictEqual(makeLogger({ level, write() {} }).level, level);
  strictEqual(makeLogger({ write() {} }).level, "trace");
});

test("makeLogger() hands over each line once, without its line break", () => {
  const lines: string[] = [];
  const logger = makeLogger({ write: (line) => lines.push(line) });
  logger.info("first");
  logger.warn("second", { a: 1 });
  strictEqual(lines.length, 2);
  match(lines[0] ?? "", /^\d{4}-.*Z \[INFO\] {2}first$/);
  match(lines[1] ?? "", /^\d{4}-.*Z \[WARN\] {2}second: a=1$/);
});

test("makeLogger() prints JSON that a host reads level, message and fields from", () => {
  const lines: string[] = [];
  const logger = makeLogger({ name: "kv", format: "json", write: (line) => lines.push(line) });
  for (const level of ENTRY_LEVELS) logger[level](`at ${level}`, { n: 1 });
  const classifier = new LineClassifier();
  for (const [i, level] of ENTRY_LEVELS.entries()) {
    const { fields, ...entry } = classifier.classify(lines[i] ?? "");
    const { timestamp, ...others } = fields;
    deepStrictEqual(entry, { level, message: `at ${level}` });
    deepStrictEqual(others, { "@module": "kv", n: 1 });
    match(String(timestamp), /\.\d{6}Z$/);
  }
});

test("makeLogger() stamps an entry with the time it is logged at", () => {
  const lines: string[] = [];
  const logger = makeLogger({ format: "json", write: (line) => lines.push(line) });
  const before = Date.now();
  logger.info("now");
  const time = Date.parse(JSON.parse(lines[0] ?? "")["@timestamp"]);
  strictEqual(before <= time && time <= Date.now(), true);
});

test("Logger.named() adds its part behind a dot", () => {
  const lines: string[] = [];
  const logger = makeLogger({ write: (line) => lines.push(line.slice(33)) });
  logger.named("plugin").info("one");
  logger.named("plugin").named("kv").info("two");
  logger.info("none");
  deepStrictEqual(lines, ["plugin: one", "plugin.kv: two", "none"]);
});

test("Logger.named() keeps level and format", () => {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const logger = makeLogger({ name: "host", level: "warn", format: "json", write }).named("kv");
  logger.info("not wanted");
  logger.warn("wanted");
  strictEqual(logger.level, "warn");
  strictEqual(lines.length, 1);
  strictEqual(JSON.parse(lines[0] ?? "")["@module"], "host.kv");
});

test("Logger's methods work without their object", () => {
  const lines: string[] = [];
  const { info, named } = makeLogger({ write: (line) => lines.push(line.slice(33)) });
  info("detached");
  named("kv").info("named");
  deepStrictEqual(lines, ["detached", "kv: named"]);
});

test("isLogged() compares levels in hclog's order", () => {
  const table = LOG_LEVELS.map((threshold) =>
    ENTRY_LEVELS.filter((level) => isLogged(level, threshold)).join(" ")
  );
  deepStrictEqual(table, [
    "trace debug info warn error",
    "debug info warn error",
    "info warn error",
    "warn error",
    "error",
    "",
  ]);
});
