import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { LogLevel } from "../../src/logging/levels.ts";
import { makeLogger } from "../../src/logging/logger.ts";
import { StderrLog } from "../../src/logging/stderr_log.ts";
import { recordLogs } from "../helpers/logs.ts";

interface Settings {
  readonly level?: LogLevel;
  readonly bufferBytes?: number;
  readonly keepLines?: number;
}

/** What a log makes of these chunks: entries, copy and last lines. */
function logged(chunks: readonly (string | Uint8Array)[], settings: Settings = {}) {
  const { logger, entries } = recordLogs(settings.level);
  const copied: Uint8Array[] = [];
  const log = new StderrLog({
    logger,
    bufferBytes: settings.bufferBytes ?? 65_536,
    keepLines: settings.keepLines ?? 100,
    copy: (bytes) => copied.push(bytes),
  });
  for (const chunk of chunks) log.push(Buffer.from(chunk));
  log.end();
  return {
    entries: entries.map(({ level, message }) => [level, message]),
    fields: entries.map(({ fields }) => fields),
    copy: Buffer.concat(copied).toString("latin1"),
    lastLines: [...log.lastLines],
  };
}

test("StderrLog copies each line with LF, the last one too: TestClient_Stderr", () => {
  strictEqual(logged(["HELLO\nWORLD\n"]).copy, "HELLO\nWORLD\n");
  strictEqual(logged(["HELLO\r\nWOR", "LD"]).copy, "HELLO\nWORLD\n");
  strictEqual(logged(["\n\r\n", "a\rb\n"]).copy, "\n\na\rb\n");
  strictEqual(logged([]).copy, "");
});

test("StderrLog copies bytes that are no text", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  strictEqual(logged([bytes]).copy, Buffer.from(bytes).toString("latin1") + "\n");
});

test("StderrLog needs no copy", () => {
  const { logger, entries } = recordLogs();
  const log = new StderrLog({ logger, bufferBytes: 65_536, keepLines: 1 });
  log.push(Buffer.from("line\n"));
  deepStrictEqual(entries.map(({ message }) => message), ["line"]);
});

test("StderrLog logs JSON that is no entry as it stands: TestClient_StderrJSON", () => {
  deepStrictEqual(logged(['["HELLO"]\n12345\n{"a":1}\n']).entries, [
    ["debug", '["HELLO"]'],
    ["debug", "12345"],
    ["debug", '{"a":1}'],
  ]);
});

test("StderrLog logs a line at the level of its prefix: TestClient_textLogLevel", () => {
  deepStrictEqual(logged(["[WARN] test line 98765\n"], { level: "warn" }).entries, [
    ["warn", "[WARN] test line 98765"],
  ]);
});

test("StderrLog copies lines longer than the buffer unchanged: TestClient_logStderr", () => {
  const text =
    "\nthis line is more than 32 bytes long\nand this line is more than 32 bytes long\n" +
    '{"a": "b", "@level": "debug"}\nthis line is short\n';
  strictEqual(logged([text], { bufferBytes: 32 }).copy, text);
});

test("StderrLog logs pieces of a long JSON line at debug: TestClient_logStderrParseJSON", () => {
  const text = '{"@message": "this is a message", "@level": "info"}\n' +
    '{"@message": "this is a large message that is more than 64 bytes long", "@level": "info"}';
  deepStrictEqual(logged([text], { bufferBytes: 64 }).entries, [
    ["info", "this is a message"],
    ["debug", '{"@message": "this is a large message that is more than 64 bytes'],
    ["debug", ' long", "@level": "info"}'],
  ]);
});

test("StderrLog logs a crash's message and stack as errors: TestServerLogPanic", () => {
  const stack = ["panic: test panic", "", "goroutine 1 [running]:", "main.main()", "exit status 2"];
  const { entries } = logged(["starting\n", stack.join("\n")], { level: "error" });
  deepStrictEqual(entries, stack.map((line) => ["error", line]));
});

test("StderrLog never reads a level from a piece of a long line", () => {
  const long = `[ERROR] ${"a".repeat(24)}`;
  const json = '{"@level":"info"}';
  const text = `${long}[ERROR] b\n[INFO] c\n${long}${json}\n${long}panic: d\ncalm\n`;
  deepStrictEqual(logged([text], { bufferBytes: 32 }).entries, [
    ["debug", long],
    ["debug", "[ERROR] b"],
    ["info", "[INFO] c"],
    ["debug", long],
    ["debug", json],
    ["debug", long],
    ["debug", "panic: d"],
    ["debug", "calm"],
  ]);
});

test("StderrLog logs pieces at debug after a panic as well", () => {
  const { entries } = logged([`panic: x\n${"a".repeat(16)}b\nc\n`], { bufferBytes: 16 });
  deepStrictEqual(entries, [
    ["error", "panic: x"],
    ["debug", "a".repeat(16)],
    ["debug", "b"],
    ["error", "c"],
  ]);
});

test("StderrLog gives the fields of a JSON line to the logger", () => {
  const { entries, fields } = logged(['{"@level":"warn","@message":"m","@module":"kv","n":1}\n']);
  deepStrictEqual(entries, [["warn", "m"]]);
  deepStrictEqual(fields, [{ "@module": "kv", n: 1 }]);
});

test("StderrLog logs empty lines", () => {
  deepStrictEqual(logged(["\n\r\n"]).entries, [["debug", ""], ["debug", ""]]);
});

test("StderrLog copies but does not log for a logger that is off", () => {
  const settings = { level: "off", bufferBytes: 16 } as const;
  const { entries, copy, lastLines } = logged(
    ["panic: a\na line of more than 16 bytes\n", "b"],
    settings,
  );
  deepStrictEqual(entries, []);
  strictEqual(copy, "panic: a\na line of more than 16 bytes\nb\n");
  deepStrictEqual(lastLines, ["panic: a", "a line of more t", "han 16 bytes", "b"]);
});

test("StderrLog skips entries below the logger's level, and no others", () => {
  const names = ["trace", "debug", "info", "warn", "error"] as const;
  const json = names.map((level) => `{"@level":"${level}","@message":"m"}`);
  const tagged = names.map((level) => `[${level.toUpperCase()}] m`);
  for (const [i, level] of names.entries()) {
    const { entries } = logged([[...json, ...tagged].join("\n")], { level });
    const wanted = names.slice(i);
    deepStrictEqual(entries.map(([level]) => level), [...wanted, ...wanted], level);
  }
});

test("StderrLog remembers a panic whose lines the logger does not want", () => {
  const calls: string[] = [];
  const logger = makeLogger({ level: "error", write: (line) => calls.push(line) });
  const log = new StderrLog({ logger, bufferBytes: 64, keepLines: 1 });
  log.push(Buffer.from("calm\npanic: x\ntrace\n"));
  deepStrictEqual(calls.map((line) => line.slice(25)), ["[ERROR] panic: x", "[ERROR] trace"]);
});

test("StderrLog keeps the last lines, without colours", () => {
  const { lastLines } = logged(["a\n\x1b[0m\x1b[1;31merror\x1b[39m: b\r\n\n", "c"], {
    keepLines: 3,
  });
  deepStrictEqual(lastLines, ["error: b", "", "c"]);
  deepStrictEqual(logged(["a\nb\n"], { keepLines: 0 }).lastLines, []);
});

test("StderrLog leaves colours in entries and copy", () => {
  const { entries, copy } = logged(["\x1b[31mred\x1b[0m\n"]);
  deepStrictEqual(entries, [["debug", "\x1b[31mred\x1b[0m"]]);
  strictEqual(copy, "\x1b[31mred\x1b[0m\n");
});

test("StderrLog keeps the start of a last line that is long", () => {
  const [line] = logged([`start ${"a".repeat(60_000)}`]).lastLines;
  strictEqual(line?.startsWith("start a"), true);
  strictEqual((line?.length ?? 0) <= 1000, true);
});

test("StderrLog reads a character whole whose bytes come in two chunks", () => {
  const bytes = Buffer.from("é𝄞\n");
  for (let at = 0; at <= bytes.length; at++) {
    deepStrictEqual(logged([bytes.subarray(0, at), bytes.subarray(at)]).entries, [["debug", "é𝄞"]]);
  }
});

test("StderrLog reads a character whole that the buffer's end cuts in two", () => {
  const { entries, copy } = logged([`${"a".repeat(15)}é and so on\n`], { bufferBytes: 16 });
  strictEqual(entries.map(([, message]) => message).join(""), `${"a".repeat(15)}é and so on`);
  strictEqual(Buffer.from(copy, "latin1").toString(), `${"a".repeat(15)}é and so on\n`);
});

test("StderrLog takes bytes that are no UTF-8", () => {
  const { entries } = logged([Uint8Array.of(0x61, 0xff, 0xc3, 10, 0x62, 10)]);
  deepStrictEqual(entries, [["debug", "a\ufffd\ufffd"], ["debug", "b"]]);
});

test("StderrLog leaves a byte order mark in its place, where no level can stand behind it", () => {
  deepStrictEqual(logged(["\ufeff[INFO] a\n"]).entries, [["debug", "\ufeff[INFO] a"]]);
  deepStrictEqual(logged(['\ufeff{"@level":"info"}\n']).entries, [
    ["debug", '\ufeff{"@level":"info"}'],
  ]);
});

test("StderrLog survives JSON that is nested as deep as a line can be", () => {
  for (const format of ["text", "json"] as const) {
    const lines: string[] = [];
    const logger = makeLogger({ format, write: (line) => lines.push(line) });
    const log = new StderrLog({ logger, bufferBytes: 65_536, keepLines: 1 });
    for (let depth = 1000; depth < 32_000; depth += 500) {
      const value = "[".repeat(depth) + "]".repeat(depth);
      log.push(Buffer.from(`{"@level":"warn","@message":"deep","a":${value}}\n`));
    }
    strictEqual(lines.length, 62);
    for (const line of lines) notStrictEqual(line.indexOf("deep"), -1);
  }
});
