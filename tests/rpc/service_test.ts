import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import {
  type HandlersOf,
  implement,
  loadService,
  type Service,
  service,
  ServiceError,
} from "../../mod.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openPair } from "../helpers/rpc_pair.ts";
import { type Calls, type Chunk, chunk } from "./calls.ts";
import { collect, rejected } from "./waiting.ts";

const PROTO = join(PROJECT_ROOT, "tests/helpers/everything.proto");

const ECHO: HandlersOf<Calls> = {
  unary: (request) => request,
  async *download(request) {
    yield request;
  },
  upload: (requests) => collect(requests).then(({ length }) => chunk(length)),
  async *chat(requests) {
    yield* requests;
  },
};

/** Serves a service and calls each of its methods. */
async function works(made: Service<Calls>): Promise<void> {
  strictEqual(made.name, "everything.Calls");
  await using pair = await openPair([implement(made, ECHO)]);
  const calls = await pair.client(made);
  deepStrictEqual(Object.keys(calls).sort(), ["chat", "download", "unary", "upload"]);
  const { number, text } = await calls.unary(chunk(1, "a"));
  deepStrictEqual([number, text], [1, "a"]);
  strictEqual((await collect(calls.download(chunk(2))))[0]?.number, 2);
  strictEqual((await calls.upload([chunk(0), chunk(0)])).number, 2);
  strictEqual((await collect(calls.chat([chunk(3)])))[0]?.number, 3);
}

test("service() makes a service from a descriptor", () => {
  return works(service<Calls>(descriptor, "everything.Calls"));
});

test("service() makes a service from a definition", () => {
  const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], { defaults: true });
  const definition = definitions["everything.Calls"] as ServiceDefinition;
  return works(service(definition) as Service<unknown> as Service<Calls>);
});

test("service() infers the contract from a definition with types", async () => {
  const { methods } = await service<Calls>(descriptor, "everything.Calls").load();
  const [unary, chat] = [methods.get("unary"), methods.get("chat")];
  if (unary === undefined || chat === undefined) throw new Error("The service has lost a method");
  // As ts-proto writes them.
  const types = {
    requestSerialize: (value: Chunk) => unary.requestSerialize(value),
    requestDeserialize: (bytes: Uint8Array) => unary.requestDeserialize(bytes) as Chunk,
    responseSerialize: (value: Chunk) => unary.responseSerialize(value),
    responseDeserialize: (bytes: Uint8Array) => unary.responseDeserialize(bytes) as Chunk,
  };
  const { path } = unary;
  const generated = service({
    unary: { path, requestStream: false as const, responseStream: false as const, ...types },
    Chat: {
      path: chat.path,
      requestStream: true as const,
      responseStream: true as const,
      ...types,
    },
  });
  await using pair = await openPair([
    implement(generated, { unary: (request) => request, chat: (requests) => requests }),
  ]);
  const calls = await pair.client(generated);
  strictEqual((await calls.unary(chunk(1))).number, 1);
  strictEqual((await collect(calls.chat([chunk(2)])))[0]?.number, 2);
});

test("loadService() makes a service from a path", async () => {
  await works(await loadService<Calls>(PROTO, "everything.Calls"));
});

test("loadService() makes a service from a URL, as text or as an object", async () => {
  const url = pathToFileURL(PROTO);
  await works(await loadService<Calls>(url, "everything.Calls"));
  await works(await loadService<Calls>(url.href, "everything.Calls"));
});

test("loadService() reads and writes messages as service() does", async () => {
  interface Mirror {
    reflect(request: unknown): Promise<unknown>;
    nothing(request: unknown): Promise<unknown>;
  }
  const [loaded, embedded] = await Promise.all([
    loadService<Mirror>(PROTO, "everything.Mirror").then((made) => made.load()),
    service<Mirror>(descriptor, "everything.Mirror").load(),
  ]);
  const [one, other] = [loaded, embedded].map(({ methods }) => methods.get("reflect"));
  if (one === undefined || other === undefined) throw new Error("There is no reflect()");
  const message = { names: { "-5": "a" }, trees: { false: {} }, maybe: 0, bytesField: [1] };
  deepStrictEqual(one.requestSerialize(message), other.requestSerialize(message));
  const bytes = one.requestSerialize(message);
  deepStrictEqual(one.requestDeserialize(bytes), other.requestDeserialize(bytes));
  deepStrictEqual(await loaded.files(), await embedded.files());
});

test("loadService() looks for what a file imports in its directories", async () => {
  const folder = await mkdtemp(join(tmpdir(), "goplugin-test-"));
  try {
    const file = join(folder, "other.proto");
    await writeFile(
      file,
      `syntax = "proto3";
       import "everything.proto";
       service Other { rpc Repeat(everything.Chunk) returns (everything.Chunk); }`,
    );
    const includeDirs = [fileURLToPath(new URL(".", pathToFileURL(PROTO)))];
    interface Other {
      repeat(request: unknown): Promise<{ number: number }>;
    }
    const made = await loadService<Other>(file, "Other", { includeDirs });
    await using pair = await openPair([implement(made, { repeat: () => chunk(9) })]);
    const { repeat } = await pair.client(made);
    strictEqual((await repeat(chunk(0))).number, 9);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("loadService() names a file that cannot be read", async () => {
  const { message, cause } = await rejected(
    ServiceError,
    loadService<Calls>(join(PROJECT_ROOT, "missing.proto"), "everything.Calls"),
  );
  match(message, /^Cannot load service everything\.Calls: .*missing\.proto: .*no such file/);
  ok(cause instanceof Error);
});

test("loadService() names a file that is no .proto file", async () => {
  const { message } = await rejected(
    ServiceError,
    loadService<Calls>(join(PROJECT_ROOT, "LICENSE"), "everything.Calls"),
  );
  match(message, /^Cannot load service everything\.Calls: .*LICENSE: /);
});

const KNOWN = "Cannot load service everything.Call: " +
  "the descriptor holds everything.Calls, everything.Mirror";

test("service() and loadService() name the services that a descriptor holds", async () => {
  const made = service<Calls>(descriptor, "everything.Call");
  strictEqual((await rejected(ServiceError, made.load())).message, KNOWN);
  const loading = loadService<Calls>(PROTO, "everything.Call");
  strictEqual((await rejected(ServiceError, loading)).message, KNOWN);
});

test("service() does not take a message for a service", async () => {
  const made = service<Calls>(descriptor, "everything.Chunk");
  match((await rejected(ServiceError, made.load())).message, /everything\.Calls/);
});

test("service() says that a descriptor holds no service", async () => {
  const made = service<Calls>({ nested: {} }, "everything.Calls");
  match((await rejected(ServiceError, made.load())).message, /the descriptor holds no service$/);
});

test("service() reports a descriptor that is none when the service is loaded", async () => {
  const broken = { nested: { a: { nested: { S: { methods: { M: { requestType: "Gone" } } } } } } };
  const made = service<Calls>(broken, "a.S");
  match((await rejected(ServiceError, made.load())).message, /^Cannot load service a\.S: /);
});

for (
  const [what, argument] of [
    ["an empty object", {}],
    ["a descriptor without a name", descriptor],
    ["a list", [1]],
    ["something without paths", { Unary: { requestStream: false } }],
  ] as const
) {
  test(`service() refuses ${what} with a TypeError`, () => {
    // What only a JavaScript program can pass.
    const unchecked = service as (argument: object) => unknown;
    let error: unknown;
    try {
      unchecked(argument);
    } catch (thrown) {
      error = thrown;
    }
    strictEqual((error as Error)?.constructor, TypeError);
    match((error as Error).message, /^service\(\): this is no service definition/);
  });
}

test("Service.load() loads once", async () => {
  const made = service<Calls>(descriptor, "everything.Calls");
  strictEqual(await made.load(), await made.load());
});
