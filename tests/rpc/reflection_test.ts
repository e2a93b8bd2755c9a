import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { loadFileDescriptorSetFromBuffer, type ServiceDefinition } from "@grpc/proto-loader";
import { type Service, service } from "../../mod.ts";
import {
  type Reflection,
  type ReflectionRequest,
  type ReflectionResponse,
  reflectionServices,
} from "../../src/rpc/reflection.ts";
import { type Calls, chunk } from "./calls.ts";
import { Feed } from "./feed.ts";
import { openReflecting, SERVICES } from "./reflection_pair.ts";
import { collect } from "./waiting.ts";

type Question = Omit<ReflectionRequest, "host">;

/** A `FileDescriptorProto` as an entry of a `FileDescriptorSet`. */
function entry(file: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = file.length;
  for (; rest >= 128; rest >>= 7) length.push(128 | (rest & 127));
  return Buffer.concat([Buffer.of(0x0a, ...length, rest), file]);
}

/** The files of an answer, read by a library. */
function definitionsOf(answer: ReflectionResponse | undefined) {
  const files = answer?.fileDescriptorResponse?.fileDescriptorProto ?? [];
  return loadFileDescriptorSetFromBuffer(Buffer.concat(files.map(entry)));
}

/** A file's name: the field with the number 1, where it stands last. */
function fileName(file: Uint8Array): string {
  let name = new Uint8Array();
  for (let offset = 0; offset < file.length;) {
    const tag = file[offset++];
    let length = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = file[offset++] ?? 0;
      length |= (byte & 0x7f) << shift;
    }
    if (tag === 0x0a) name = file.slice(offset, offset + length);
    offset += length;
  }
  return Buffer.from(name).toString();
}

function fileNames(answer: ReflectionResponse | undefined): string[] {
  return (answer?.fileDescriptorResponse?.fileDescriptorProto ?? []).map(fileName);
}

async function ask(
  made: Service<Reflection>,
  ...questions: Question[]
): Promise<ReflectionResponse[]> {
  await using pair = await openReflecting();
  const client = await pair.client(made);
  const requests = questions.map((question) => ({ host: "a host", ...question }));
  return await collect(client.serverReflectionInfo(requests));
}

for (const made of reflectionServices) {
  const version = made.name.split(".")[2];

  test(`reflectionServices ${version} list all services, sorted`, async () => {
    for (const listServices of ["", "*"]) {
      const [answer] = await ask(made, { listServices });
      deepStrictEqual(answer?.listServicesResponse?.service.map(({ name }) => name), SERVICES);
    }
  });

  for (
    const [what, symbol, expected] of [
      ["a service", "everything.Calls", "everything.Calls"],
      ["a method", "everything.Calls.Unary", "everything.Calls"],
      ["a message", "everything.Chunk", "everything.Chunk"],
      ["a nested message", "everything.Everything.Node", "everything.Everything"],
      ["an enum", "everything.Color", "everything.Color"],
      ["a nested enum", "everything.Everything.Shape", "everything.Everything"],
      ["a service of ours", "grpc.health.v1.Health", "grpc.health.v1.Health"],
      ["the service itself", made.name, made.name],
    ] as const
  ) {
    test(`reflectionServices ${version} find the file of ${what}`, async () => {
      const [answer] = await ask(made, { fileContainingSymbol: symbol });
      ok(expected in definitionsOf(answer), fileNames(answer).join());
    });
  }

  test(`reflectionServices ${version} answer with the files that a file imports`, async () => {
    for (const symbol of ["everything.Mirror", "plugin.GRPCStdio"]) {
      const [answer] = await ask(made, { fileContainingSymbol: symbol });
      const definitions = definitionsOf(answer);
      ok(symbol in definitions);
      ok("google.protobuf.Empty" in definitions, fileNames(answer).join());
    }
    const [health] = await ask(made, { fileContainingSymbol: "grpc.health.v1.Health" });
    strictEqual(fileNames(health).length, 1);
  });

  test(`reflectionServices ${version} find a file by the name they gave it`, async () => {
    const [bySymbol] = await ask(made, { fileContainingSymbol: "everything.Mirror" });
    const names = fileNames(bySymbol);
    strictEqual(new Set(names).size, 2);
    for (const [index, name] of names.entries()) {
      const [byName] = await ask(made, { fileByFilename: name });
      strictEqual(fileNames(byName)[0], name);
      deepStrictEqual(
        byName?.fileDescriptorResponse?.fileDescriptorProto[0],
        bySymbol?.fileDescriptorResponse?.fileDescriptorProto[index],
      );
    }
  });

  for (
    const question of [
      { fileContainingSymbol: "everything.Missing" },
      { fileContainingSymbol: "" },
      { fileByFilename: "missing.proto" },
      { allExtensionNumbersOfType: "everything.Missing" },
      { fileContainingExtension: { containingType: "everything.Chunk", extensionNumber: 1 } },
      {},
    ]
  ) {
    test(`reflectionServices ${version} answer NOT_FOUND to ${JSON.stringify(question)}`, async () => {
      const [answer] = await ask(made, question);
      strictEqual(answer?.errorResponse?.errorCode, 5);
      ok(answer.errorResponse.errorMessage.startsWith("not found: "));
      strictEqual(answer.fileDescriptorResponse, undefined);
    });
  }

  test(`reflectionServices ${version} know no extensions`, async () => {
    const [answer] = await ask(made, { allExtensionNumbersOfType: "everything.Chunk" });
    deepStrictEqual(answer?.allExtensionNumbersResponse, {
      baseTypeName: "everything.Chunk",
      extensionNumber: [],
    });
  });

  test(`reflectionServices ${version} answer each question in turn, and repeat it`, async () => {
    await using pair = await openReflecting();
    const client = await pair.client(made);
    const questions = new Feed<ReflectionRequest>();
    const answers = client.serverReflectionInfo(questions)[Symbol.asyncIterator]();
    for (const symbol of ["everything.Calls", "everything.Missing", "plugin.GRPCStdio"]) {
      questions.push({ host: symbol, fileContainingSymbol: symbol });
      const { value } = await answers.next();
      strictEqual(value?.validHost, symbol);
      strictEqual(value?.originalRequest.fileContainingSymbol, symbol);
    }
    questions.end();
    strictEqual((await answers.next()).done, true);
  });
}

test("reflectionServices describe a service well enough to call it", async () => {
  await using pair = await openReflecting();
  const [v1] = reflectionServices;
  if (v1 === undefined) throw new Error("There is no reflection");
  const client = await pair.client(v1);
  const question = { host: "", fileContainingSymbol: "everything.Calls" };
  const [answer] = await collect(client.serverReflectionInfo([question]));
  const definition = definitionsOf(answer)["everything.Calls"] as ServiceDefinition;
  const calls = await pair.client(service(definition) as Service<unknown> as Service<Calls>);
  strictEqual((await calls.unary(chunk(1))).number, 2);
  strictEqual((await collect(calls.download(chunk(3)))).length, 3);
});
