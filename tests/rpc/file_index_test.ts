import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type LoadedService, service } from "../../mod.ts";
import { readFields, textOf } from "../../src/rpc/descriptor_bytes.ts";
import { FileIndex } from "../../src/rpc/file_index.ts";

const T = { fields: { a: { type: "int32", id: 1 } }, edition: "proto2" };

/** Three packages: the first uses what is in the second, and extends what is in the third. */
const DESCRIPTOR = {
  nested: {
    first: {
      nested: {
        S: { methods: { M: { requestType: "second.T", responseType: "second.T" } } },
        note: { type: "int32", id: 100, extend: "third.T", edition: "proto2" },
      },
    },
    second: { nested: { T } },
    third: { nested: { T: { ...T, extensions: [[100, 100]] }, Alone: T } },
  },
};

function load(): Promise<LoadedService> {
  return service<Record<never, never>>(DESCRIPTOR, "first.S").load();
}

/** A field of each file that is text: 1 is its name, 3 the last that it imports. */
function texts(files: readonly Uint8Array[] | undefined, field: number): string[] | undefined {
  return files?.map((file) => textOf([...readFields(file)], field));
}

test("FileIndex.bySymbol() finds a file with those it uses, and those it extends", async () => {
  const index = new FileIndex();
  index.add(await (await load()).files());
  const found = texts(index.bySymbol("second.T"), 1);
  deepStrictEqual(found, ["second.proto"]);
  const all = texts(index.bySymbol("first.S.M"), 1);
  deepStrictEqual(all?.[0], "first_proto3.proto");
  deepStrictEqual(all?.includes("second.proto"), true);
  deepStrictEqual(texts(index.bySymbol("third.Alone"), 3), [""]);
  strictEqual(index.bySymbol("first.Missing"), undefined);
});

test("FileIndex.byName() finds the file of an extension with what it extends", async () => {
  const index = new FileIndex();
  index.add(await (await load()).files());
  deepStrictEqual(texts(index.byName("first_proto2.proto"), 1), [
    "first_proto2.proto",
    "third.proto",
  ]);
  deepStrictEqual(texts(index.byName("first_proto2.proto"), 3), ["third.proto", ""]);
});

test("FileIndex.add() gives files of the same name names of their own", async () => {
  const index = new FileIndex();
  for (let round = 0; round < 2; round++) index.add(await (await load()).files());
  deepStrictEqual(texts(index.byName("second_2.proto"), 1), ["second_2.proto"]);
});
