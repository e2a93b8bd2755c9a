import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import type { CallOptions } from "../../mod.ts";
import { ENGINES, type Transport, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { type CallsPair, chunk, openCalls } from "./calls.ts";
import { aborted, collect, failsWith, rejected } from "./waiting.ts";

type Metadata = Readonly<Record<string, string>>;

/** Those entries that a test has named; engines add some of their own. */
function only(metadata: Metadata | undefined, keys: readonly string[]): Metadata {
  const entries = Object.entries(metadata ?? {});
  return Object.fromEntries(entries.filter(([key]) => keys.includes(key)));
}

/** One call of each kind. */
function makers({ calls }: CallsPair, options: CallOptions) {
  return {
    unary: () => calls.unary(chunk(0), options),
    download: () => collect(calls.download(chunk(0), options)),
    upload: () => calls.upload([chunk(0)], options),
    chat: () => collect(calls.chat([chunk(0)], options)),
  };
}

for (const transport of TRANSPORTS) {
  test(`CallOptions.metadata reaches the handler on ${transport.title}`, async () => {
    const received: Metadata[] = [];
    const sent = { plain: "a value", list: "a, b", empty: "", "bytes-bin": "AP+A", "none-bin": "" };
    await using pair = await openCalls({
      unary(request, { metadata }) {
        received.push(metadata);
        return request;
      },
      async *download(request, { metadata }) {
        received.push(metadata);
        yield request;
      },
      upload(_, { metadata }) {
        received.push(metadata);
        return chunk(0);
      },
      async *chat(requests, { metadata }) {
        received.push(metadata);
        yield* requests;
      },
    }, transport);
    for (const make of Object.values(makers(pair, { metadata: sent }))) await make();
    deepStrictEqual(
      received.map((metadata) => only(metadata, Object.keys(sent))),
      [sent, sent, sent, sent],
    );
  });

  test(`ServerCall.sendHeaders() and setTrailers() reach the caller on ${transport.title}`, async () => {
    const headers = { leading: "first", "leading-bin": "AQI" };
    const trailers = { trailing: "last", "trailing-bin": "AwQ" };
    await using pair = await openCalls({
      unary(request, call) {
        call.sendHeaders(headers);
        call.setTrailers({ trailing: "overwritten", "gone-bin": "AA" });
        call.setTrailers(trailers);
        return request;
      },
      async *download(request, call) {
        call.sendHeaders(headers);
        yield request;
        call.setTrailers(trailers);
      },
      async upload(requests, call) {
        call.sendHeaders(headers);
        await collect(requests);
        call.setTrailers(trailers);
        return chunk(0);
      },
      async *chat(requests, call) {
        call.sendHeaders(headers);
        yield* requests;
        call.setTrailers(trailers);
      },
    }, transport);
    const events: Metadata[] = [];
    const options = {
      onHeaders: (metadata: Metadata) =>
        void events.push(only(metadata, ["leading", "leading-bin"])),
      onTrailers: (metadata: Metadata) =>
        void events.push(only(metadata, ["trailing", "trailing-bin", "gone-bin"])),
    };
    for (const make of Object.values(makers(pair, options))) {
      await make();
      deepStrictEqual(events.splice(0), [headers, trailers]);
    }
  });
}

test("CallOptions.metadata has its keys in small letters when it arrives", async () => {
  let received: Metadata | undefined;
  await using pair = await openCalls({
    unary(request, { metadata }) {
      received = metadata;
      return request;
    },
  });
  await pair.calls.unary(chunk(0), { metadata: { "X-Upper": "Value", "X-Bytes-BIN": "AA" } });
  deepStrictEqual(only(received, ["x-upper", "x-bytes-bin"]), {
    "x-upper": "Value",
    "x-bytes-bin": "AA",
  });
});

test("CallOptions.metadata takes base64 with padding", async () => {
  let received: Metadata | undefined;
  await using pair = await openCalls({
    unary(request, { metadata }) {
      received = metadata;
      return request;
    },
  });
  await pair.calls.unary(chunk(0), { metadata: { "a-bin": "AQ==", "b-bin": "AQI=" } });
  deepStrictEqual(only(received, ["a-bin", "b-bin"]), { "a-bin": "AQ", "b-bin": "AQI" });
});

for (
  const [what, metadata] of [
    ["a key with a space", { "a b": "x" }],
    ["a key with another character", { "schlüssel": "x" }],
    ["an empty key", { "": "x" }],
    ["a value with a line break", { key: "a\nb" }],
    ["a value that is not ASCII", { key: "ü" }],
    ["a binary value that is not base64", { "key-bin": "!" }],
  ] as const
) {
  test(`CallOptions.metadata with ${what} is a TypeError`, async () => {
    let served = 0;
    await using pair = await openCalls({
      unary(request) {
        served++;
        return request;
      },
    });
    for (const make of Object.values(makers(pair, { metadata }))) {
      const { message } = await rejected(TypeError, make());
      match(message, new RegExp(`^Metadata ${JSON.stringify(Object.keys(metadata)[0])}: `));
    }
    strictEqual(served, 0);
  });

  test(`ServerCall.sendHeaders() and setTrailers() with ${what} throw a TypeError`, async () => {
    const thrown: unknown[] = [];
    await using pair = await openCalls({
      unary(request, call) {
        for (const send of [() => call.sendHeaders(metadata), () => call.setTrailers(metadata)]) {
          try {
            send();
          } catch (error) {
            thrown.push((error as Error).constructor);
          }
        }
        return request;
      },
    });
    await pair.calls.unary(chunk(0));
    deepStrictEqual(thrown, [TypeError, TypeError]);
  });
}

test("CallOptions.onTrailers is not called for an error, which carries its own", async () => {
  let called = 0;
  await using pair = await openCalls({
    unary(_, call) {
      call.setTrailers({ trailing: "last" });
      throw new RangeError("No");
    },
  });
  const call = pair.calls.unary(chunk(0), { onTrailers: () => called++ });
  await failsWith("UNKNOWN", call);
  strictEqual(called, 0);
});

test("CallOptions.onHeaders comes before the first message", async () => {
  const events: string[] = [];
  await using pair = await openCalls({
    async *download(request, call) {
      call.sendHeaders({ leading: "first" });
      yield request;
    },
  });
  const responses = pair.calls.download(chunk(0), { onHeaders: () => void events.push("headers") });
  for await (const _ of responses) events.push("message");
  deepStrictEqual(events, ["headers", "message"]);
});

const ON_EITHER: Transport[] = TRANSPORTS.flatMap((transport) =>
  ENGINES.map((engine) => ({ ...transport, engine }))
);

for (const transport of ON_EITHER) {
  for (const callback of ["onHeaders", "onTrailers"] as const) {
    test(`CallOptions.${callback} that throws fails its call on ${transport.title}, engine ${transport.engine}`, async () => {
      await using pair = await openCalls({
        unary: (request) => request,
        async *download(request) {
          yield request;
        },
        upload: async (requests) => (await collect(requests))[0] ?? chunk(0),
        async *chat(requests) {
          yield* requests;
        },
      }, transport);
      const own = new Error("the callback's own");
      const options = {
        [callback]: () => {
          throw own;
        },
      };
      for (const [kind, make] of Object.entries(makers(pair, options))) {
        strictEqual(await rejected(Error, make()), own, kind);
      }
      // Nothing else has suffered.
      strictEqual((await pair.calls.unary(chunk(3))).number, 3);
    });
  }
}

for (const engine of ENGINES) {
  test(`CallOptions.onHeaders that throws ends a stream that would go on, engine ${engine}`, async () => {
    let ended: ((signal: AbortSignal) => void) | undefined;
    const signalled = new Promise<AbortSignal>((resolve) => ended = resolve);
    await using pair = await openCalls({
      async *download(request, call) {
        ended?.(call.signal);
        call.sendHeaders({ key: "value" });
        for (;;) {
          yield request;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    }, { title: "tcp", network: "tcp", autoMtls: false, engine });
    const own = new Error("the callback's own");
    const onHeaders = () => {
      throw own;
    };
    strictEqual(await rejected(Error, collect(pair.calls.download(chunk(0), { onHeaders }))), own);
    await aborted(await signalled);
  });
}
