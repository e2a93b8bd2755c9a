import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants } from "node:http2";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type HandlersOf, RpcError, type ServerCall } from "../../mod.ts";
import { openServer, pinnedTls } from "../helpers/rpc_pair.ts";
import { until, within } from "../helpers/wait.ts";
import { type Calls, CallsService, type Chunk, chunk, implementCalls, openCalls } from "./calls.ts";
import { prefixed, type RawAnswer, RawClient } from "./raw_client.ts";
import { aborted, collect, failsWith, Happening } from "./waiting.ts";

const UNARY = "/everything.Calls/Unary";
const UPLOAD = "/everything.Calls/Upload";
const DOWNLOAD = "/everything.Calls/Download";

async function unaryMethod() {
  const method = (await CallsService.load()).methods.get("unary");
  if (method === undefined) throw new Error("The service has lost its method");
  return method;
}

/** A request as it stands in a body. */
async function body(request: Chunk, flag = 0): Promise<Buffer> {
  return prefixed((await unaryMethod()).requestSerialize(request), flag);
}

/** Serves handlers to a client that writes its HTTP/2 by hand. */
async function openRaw(handlers: Partial<HandlersOf<Calls>>) {
  const served = await openServer([implementCalls(handlers)]);
  const client = new RawClient(served.address);
  return {
    client,
    served,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

test("createServer() takes a message in any pieces", async () => {
  await using raw = await openRaw({
    upload: async (requests) => {
      const texts = (await collect(requests)).map(({ text }) => text);
      return chunk(texts.length, texts.join(" "));
    },
  });
  const bytes = Buffer.concat([await body(chunk(1, "one")), await body(chunk(2, "two"))]);
  const pieces = [bytes, [...bytes].map((byte) => Uint8Array.of(byte))];
  for (const piece of pieces) {
    const { messages, trailers } = await within(raw.client.call(UPLOAD, piece), "the answer");
    strictEqual(trailers["grpc-status"], "0");
    const response = (await unaryMethod()).responseDeserialize(messages[0] ?? new Uint8Array());
    strictEqual((response as Chunk).text, "one two");
  }
});

test("ServerCall.metadata joins keys that are repeated", async () => {
  let metadata: ServerCall["metadata"] = {};
  await using raw = await openRaw({
    unary(request, call) {
      metadata = call.metadata;
      return request;
    },
  });
  await within(
    raw.client.call(UNARY, await body(chunk(0)), {
      key: ["a", "b"],
      "key-bin": ["AQ", "Ag==,Aw"],
    }),
    "the answer",
  );
  deepStrictEqual([metadata.key, metadata["key-bin"]], ["a, b", "AQ, Ag, Aw"]);
});

test("RpcError goes out in trailers, its message percent-encoded and its bytes as base64", async () => {
  const fail = () => {
    const metadata = { plain: "text", "some-bin": "AP8" };
    throw new RpcError("ABORTED", "100% ä\n", { metadata });
  };
  await using raw = await openRaw({ unary: fail, download: fail });
  for (const path of [UNARY, DOWNLOAD]) {
    const { headers, trailers, messages } = await within(
      raw.client.call(path, await body(chunk(0))),
      "the answer",
    );
    strictEqual(headers[":status"], 200);
    strictEqual(trailers["grpc-status"], "10");
    match(String(trailers["grpc-message"]), /^100%25( |%20)%C3%A4%0A$/);
    strictEqual(trailers.plain, "text");
    match(String(trailers["some-bin"]), /^AP8=?$/);
    strictEqual(messages.length, 0);
  }
});

for (
  const [text, milliseconds] of [
    ["1H", 3600_000],
    ["2M", 120_000],
    ["30S", 30_000],
    ["40000m", 40_000],
    ["50000000u", 50_000],
  ] as const
) {
  test(`ServerCall.deadline is in ${milliseconds} ms for a timeout of ${text}`, async () => {
    let deadline: Date | undefined;
    await using raw = await openRaw({
      unary(request, call) {
        deadline = call.deadline;
        return request;
      },
    });
    const from = Date.now();
    await raw.client.call(UNARY, await body(chunk(0)), { "grpc-timeout": text });
    const left = (deadline?.getTime() ?? 0) - from;
    ok(left >= milliseconds && left <= milliseconds + Date.now() - from, `${left} ms`);
  });
}

test("createServer() ends a call by itself when the deadline has passed", async () => {
  const served = new Happening<AbortSignal>("the call");
  await using raw = await openRaw({
    unary(_, { signal }) {
      served.come(signal);
      return new Promise(() => {});
    },
  });
  const call = raw.client.call(UNARY, await body(chunk(0)), { "grpc-timeout": "50m" });
  strictEqual((await within(call, "the answer")).trailers["grpc-status"], "4");
  const reason = await aborted(await served.wait());
  strictEqual((reason as RpcError).status, "DEADLINE_EXCEEDED");
});

for (
  const [what, make, expected] of [
    ["no message", () => Buffer.alloc(0), /^(12|13)$/],
    [
      "two messages",
      async () => Buffer.concat([await body(chunk(0)), await body(chunk(1))]),
      /^(12|13)$/,
    ],
    ["half a message", async () => (await body(chunk(300))).subarray(0, 6), /^(12|13)$/],
    ["a message that is none", () => prefixed(new Uint8Array(10).fill(0xff)), /^13$/],
  ] as const
) {
  test(`createServer() refuses ${what} for a method that takes one`, async () => {
    let served = 0;
    await using raw = await openRaw({
      unary(request) {
        served++;
        return request;
      },
    });
    const { trailers } = await within(raw.client.call(UNARY, await make()), "the answer");
    match(String(trailers["grpc-status"]), expected);
    strictEqual(served, 0);
  });
}

test("createServer() undoes the gzip of requests, and takes others between them", async () => {
  await using raw = await openRaw({
    unary: ({ number }) => chunk(number + 1),
    upload: async (requests) => chunk((await collect(requests)).length),
  });
  const plain = await body(chunk(4));
  const zipped = prefixed(gzipSync(plain.subarray(5)));
  zipped[0] = 1;
  const headers = { "grpc-encoding": "gzip" };
  const method = await unaryMethod();
  const read = ({ messages }: RawAnswer) => method.responseDeserialize(messages[0]!) as Chunk;
  strictEqual(read(await raw.client.call(UNARY, zipped, headers)).number, 5);
  const parts = [zipped, plain, zipped];
  strictEqual(read(await raw.client.call(UPLOAD, parts, headers)).number, 3);
});

test("createServer() refuses a compression it does not know", async () => {
  await using raw = await openRaw({ unary: (request) => request });
  const call = raw.client.call(UNARY, await body(chunk(0), 1), { "grpc-encoding": "zstd" });
  strictEqual((await within(call, "the answer")).trailers["grpc-status"], "12");
});

test("createServer() survives calls that are cancelled as soon as they are made", async () => {
  const open = new Set<AbortSignal>();
  await using raw = await openRaw({
    unary: (request) => request,
    async upload(requests, { signal }) {
      open.add(signal);
      await collect(requests).finally(() => open.delete(signal));
      return chunk(0);
    },
  });
  const request = await body(chunk(0));
  for (let round = 0; round < 50; round++) {
    raw.client.open(UPLOAD).close(constants.NGHTTP2_CANCEL);
    const stream = raw.client.open(UPLOAD);
    stream.write(request);
    setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
  }
  const { trailers } = await within(raw.client.call(UNARY, request), "the answer");
  strictEqual(trailers["grpc-status"], "0");
  await until(() => open.size === 0, "the end of all handlers");
  deepStrictEqual(raw.served.log, []);
});

test("createServer() with PinnedTls does not serve a client without a certificate", async () => {
  let served = 0;
  const unary = (request: Chunk) => {
    served++;
    return request;
  };
  const tls = (await pinnedTls()).server;
  await using opened = await openServer([implementCalls({ unary })], { tls });
  await using client = new RawClient(opened.address, true);
  const { headers } = await within(client.call(UNARY, await body(chunk(0))), "the refusal");
  deepStrictEqual([headers, served], [{}, 0]);
});

test("RpcServer.idle() does not wait for a call that was refused at once", async () => {
  const fail = () => {
    throw new RpcError("ABORTED", "at once");
  };
  await using pair = await openCalls({ upload: fail, chat: fail });
  await failsWith("ABORTED", pair.calls.upload([chunk(0)]));
  await failsWith("ABORTED", collect(pair.calls.chat([chunk(0)])));
  await within(pair.served.server.idle(CallsService.name), "the end of the calls");
});

test("RpcServer.idle() does not wait for an answer that its caller has given up", async () => {
  const served = new Happening("the call");
  await using raw = await openRaw({
    unary() {
      served.come();
      return chunk(0, "", new Uint8Array(1 << 20));
    },
  });
  // More than the caller's window: the status waits behind it.
  const stream = raw.client.open(UNARY);
  stream.end(await body(chunk(0)));
  await served.wait();
  await new Promise<void>((resolve) => stream.once("response", () => resolve()));
  stream.close(constants.NGHTTP2_CANCEL);
  await within(raw.served.server.idle(CallsService.name), "the end of the call");
});
