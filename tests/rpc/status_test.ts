import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Service, service } from "../../mod.ts";
import { PluginError, RpcError, STATUS_CODES, type StatusName } from "../../src/errors.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openPair, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { CallsService, chunk, implementCalls, openCalls } from "./calls.ts";
import { collect, failsWith } from "./waiting.ts";

const ERRORS = (Object.keys(STATUS_CODES) as StatusName[]).filter((name) => name !== "OK");

for (const status of ERRORS) {
  test(`RpcError passes the status ${status}, whatever the kind of call`, async () => {
    const fail = () => {
      throw new RpcError(status, `A case of ${status}`);
    };
    await using pair = await openCalls({ unary: fail, download: fail, upload: fail, chat: fail });
    const makers = [
      () => pair.calls.unary(chunk(0)),
      () => collect(pair.calls.download(chunk(0))),
      () => pair.calls.upload([]),
      () => collect(pair.calls.chat([])),
    ];
    for (const make of makers) {
      const error = await failsWith(status, make());
      strictEqual(error.statusCode, STATUS_CODES[status]);
      strictEqual(error.message, `A case of ${status}`);
      strictEqual(error.code, "rpc");
      strictEqual(error instanceof PluginError, true);
    }
    deepStrictEqual(pair.served.log, []);
  });
}

for (
  const [title, message] of [
    ["is empty", ""],
    ["has line breaks", "first\nsecond\r\nthird: x\n"],
    ["has percent signs", "100% %41 %zz %"],
    ["has characters of every length", "aß漢\u{1f600}"],
    ["has control characters", "\0\x01\x7f\t"],
    ["has spaces at its ends", "  between  "],
    ["has quotes and backslashes", "\"a\" 'b' \\c\\"],
    ["has 20 000 characters", "0123456789".repeat(2000)],
  ] as const
) {
  test(`RpcError passes a message that ${title}`, async () => {
    await using pair = await openCalls({
      unary() {
        throw new RpcError("ABORTED", message);
      },
    });
    strictEqual((await failsWith("ABORTED", pair.calls.unary(chunk(0)))).message, message);
  });
}

test("RpcError passes a message with half a character as U+FFFD", async () => {
  await using pair = await openCalls({
    unary() {
      throw new RpcError("ABORTED", "a\ud800b");
    },
    download() {
      throw new Error("a\udc00b");
    },
  });
  const error = await failsWith("ABORTED", pair.calls.unary(chunk(0)));
  strictEqual(error.message, "a\ufffdb");
  const other = await failsWith("UNKNOWN", collect(pair.calls.download(chunk(0))));
  strictEqual(other.message, "a\ufffdb");
});

for (const transport of TRANSPORTS) {
  test(`RpcError passes its metadata on ${transport.title}`, async () => {
    const fail = () => {
      const metadata = { reason: "why", "detail-bin": "AP8" };
      throw new RpcError("FAILED_PRECONDITION", "No", { metadata });
    };
    await using pair = await openCalls({ unary: fail, download: fail }, transport);
    const makers = [
      () => pair.calls.unary(chunk(0)),
      () => collect(pair.calls.download(chunk(0))),
    ];
    for (const make of makers) {
      const { metadata } = await failsWith("FAILED_PRECONDITION", make());
      deepStrictEqual([metadata.reason, metadata["detail-bin"]], ["why", "AP8"]);
    }
  });
}

for (
  const [what, thrown, message] of [
    ["an Error", new RangeError("Out of range"), "Out of range"],
    ["a string", "just text", "just text"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["an object", { toString: () => "described" }, "described"],
    ["an object with another code", { code: "ENOENT", message: "No file" }, "No file"],
  ] as const
) {
  test(`createServer() answers UNKNOWN for a handler that throws ${what}, and logs it`, async () => {
    const fail = () => {
      throw thrown;
    };
    await using pair = await openCalls({ unary: fail, download: fail });
    const { calls, served } = pair;
    strictEqual((await failsWith("UNKNOWN", calls.unary(chunk(0)))).message, message);
    const error = await failsWith("UNKNOWN", collect(calls.download(chunk(0))));
    strictEqual(error.message, message);
    deepStrictEqual(served.log.map(({ level, fields }) => [level, fields.method]), [
      ["error", "/everything.Calls/Unary"],
      ["error", "/everything.Calls/Download"],
    ]);
  });
}

test("createServer() logs where a handler has failed", async () => {
  await using pair = await openCalls({
    async unary() {
      throw await Promise.resolve(new RangeError("Out of range"));
    },
  });
  await failsWith("UNKNOWN", pair.calls.unary(chunk(0)));
  match(String(pair.served.log[0]?.fields.error), /RangeError: Out of range\n +at .*status_test/);
});

test("createServer() answers with the error of another call that the handler made", async () => {
  await using far = await openCalls({
    unary() {
      throw new RpcError("DATA_LOSS", "Lost far away", { metadata: { far: "yes" } });
    },
  });
  await using near = await openCalls({ unary: (request) => far.calls.unary(request) });
  const error = await failsWith("DATA_LOSS", near.calls.unary(chunk(0)));
  deepStrictEqual([error.message, error.metadata.far], ["Lost far away", "yes"]);
});

test("createServer() answers UNKNOWN for an error whose metadata cannot be sent", async () => {
  await using pair = await openCalls({
    unary() {
      throw new RpcError("ABORTED", "No", { metadata: { "no key": "x" } });
    },
  });
  match((await failsWith("UNKNOWN", pair.calls.unary(chunk(0)))).message, /"no key"/);
  strictEqual(pair.served.log.length, 1);
});

interface Larger {
  unary(request: unknown): Promise<unknown>;
  download(request: unknown): AsyncIterable<unknown>;
}

test("createServer() answers UNIMPLEMENTED for what it does not serve", async () => {
  const renamed = JSON.parse(JSON.stringify(descriptor).replaceAll("Calls", "Missing"));
  const MissingService: Service<Larger> = service<Larger>(renamed, "everything.Missing");
  await using pair = await openPair([implementCalls({ unary: (request) => request })]);
  const missing = await pair.client(MissingService);
  const { message } = await failsWith("UNIMPLEMENTED", missing.unary({}));
  match(message, /everything\.Missing\/Unary/);
  await failsWith("UNIMPLEMENTED", collect(missing.download({})));
  const calls = await pair.client(CallsService);
  strictEqual((await calls.unary(chunk(1))).number, 1);
});

test("createServer() answers UNIMPLEMENTED for a method that only a newer client knows", async () => {
  const { methods } = await CallsService.load();
  const method = methods.get("unary");
  if (method === undefined) throw new Error("The service has lost its method");
  await using pair = await openPair([implementCalls({ unary: (request) => request })]);
  const newer = { ...method, path: "/everything.Calls/Newer" };
  const { message } = await failsWith("UNIMPLEMENTED", pair.channel.unary(newer, chunk(0)));
  match(message, /everything\.Calls\/Newer/);
});
