import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Scope, type ScopeJson } from "../../src/protobuf/descriptor.ts";
import { fileDescriptorProto } from "../../src/protobuf/descriptor_proto.ts";
import { describeFiles } from "../../src/protobuf/file_descriptor.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { describe, type Fields } from "./codecs.ts";

/** The files of a descriptor, read back, by name. */
function filesOf(json: object): Record<string, Fields> {
  const files = describeFiles(new Scope(json as ScopeJson)).map((bytes) =>
    fileDescriptorProto().decode(bytes)
  );
  return Object.fromEntries(files.map((file) => [file["name"], file]));
}

/** What has a name, by it. */
function byName(items: unknown): Record<string, Fields> {
  return Object.fromEntries((items as Fields[]).map((item) => [item["name"], item]));
}

/** Some properties of an object. */
function pick(from: Fields | undefined, ...names: string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, from?.[name]]));
}

test("describeFiles() makes a file of each namespace that holds something", () => {
  const files = filesOf(descriptor);
  deepStrictEqual(Object.keys(files).sort(), ["everything.proto", "google_protobuf.proto"]);
  const file = files["everything.proto"];
  deepStrictEqual(pick(file, "package", "syntax"), { package: "everything", syntax: "proto3" });
  deepStrictEqual(Object.keys(byName(file?.["messageType"])), ["Chunk", "Everything"]);
  deepStrictEqual(Object.keys(byName(file?.["enumType"])), ["Color"]);
  deepStrictEqual(Object.keys(byName(file?.["service"])), ["Calls", "Mirror"]);
  strictEqual(filesOf({ nested: { M: { fields: {} } } })["root.proto"]?.["package"], "");
});

test("describeFiles() describes methods with the full names of their types", () => {
  const { Calls, Mirror } = byName(filesOf(descriptor)["everything.proto"]?.["service"]);
  const facts = ["inputType", "outputType", "clientStreaming", "serverStreaming"];
  deepStrictEqual(
    Object.values(byName(Calls?.["method"])).map((method) => facts.map((fact) => method[fact])),
    [[false, false], [false, true], [true, false], [true, true]]
      .map((streams) => [".everything.Chunk", ".everything.Chunk", ...streams]),
  );
  strictEqual(byName(Mirror?.["method"])["Nothing"]?.["inputType"], ".google.protobuf.Empty");
});

test("describeFiles() describes fields by kind, label and type", () => {
  const { Everything } = byName(filesOf(descriptor)["everything.proto"]?.["messageType"]);
  const fields = byName(Everything?.["field"]);
  const facts = ["number", "label", "type", "typeName"];
  for (
    const [name, ...expected] of [
      ["doubleField", 1, 1, 1, ""],
      ["sint64Field", 8, 1, 18, ""],
      ["color", 16, 1, 14, ".everything.Color"],
      ["shape", 17, 1, 14, ".everything.Everything.Shape"],
      ["tree", 18, 1, 11, ".everything.Everything.Node"],
      ["numbers", 19, 3, 5, ""],
      ["trees", 24, 3, 11, ".everything.Everything.TreesEntry"],
    ] as const
  ) deepStrictEqual(facts.map((fact) => fields[name]?.[fact]), expected, name);
  strictEqual(Object.keys(fields).length, 28);
});

test("describeFiles() describes a map by the message behind it", () => {
  const { Everything } = byName(filesOf(descriptor)["everything.proto"]?.["messageType"]);
  const { TreesEntry, Node } = byName(Everything?.["nestedType"]);
  deepStrictEqual(TreesEntry?.["options"], { deprecated: false, mapEntry: true });
  strictEqual((Node?.["options"] as Fields | null)?.["mapEntry"] ?? false, false);
  const { key, value } = byName(TreesEntry?.["field"]);
  deepStrictEqual(pick(key, "number", "label", "type"), { number: 1, label: 1, type: 8 });
  deepStrictEqual(pick(value, "number", "type", "typeName"), {
    number: 2,
    type: 11,
    typeName: ".everything.Everything.Node",
  });
});

test("describeFiles() describes oneofs, and puts those of optional fields last", () => {
  const optional = { type: "int32", options: { proto3_optional: true } };
  const files = filesOf(describe({
    early: { ...optional, id: 1 },
    a: { type: "int32", id: 2 },
    b: { type: "int32", id: 3 },
  }, { oneofs: { _early: { oneof: ["early"] }, choice: { oneof: ["a", "b"] } } }));
  const [message] = files["t.proto"]?.["messageType"] as Fields[];
  deepStrictEqual(Object.keys(byName(message?.["oneofDecl"])), ["choice", "_early"]);
  const { early, a, b } = byName(message?.["field"]);
  deepStrictEqual([early, a, b].map((field) => field?.["oneofIndex"]), [1, 0, 0]);
  deepStrictEqual([early, a, b].map((field) => field?.["proto3Optional"]), [true, false, false]);
});

test("describeFiles() says where lists are not packed as usual", () => {
  const packed = (field: object, edition?: string) => {
    const files = filesOf(describe({ f: { id: 1, ...field } }, edition ? { edition } : {}));
    const [message] = Object.values(files)
      .flatMap((file) => file["messageType"] as Fields[]);
    const [f] = message?.["field"] as Fields[];
    return (f?.["options"] as Fields | null)?.["packed"];
  };
  const list = { rule: "repeated", type: "int32" };
  strictEqual(packed({ ...list, options: { packed: false } }), false);
  strictEqual(packed({ ...list, options: { packed: true } }, "proto2"), true);
  for (const field of [list, { type: "int32" }]) ok(!packed(field));
});

test("describeFiles() describes what only proto2 has, in a file of its own", () => {
  const files = filesOf(describe({ a: { type: "int32", id: 1 } }, {}, {
    Old: {
      edition: "proto2",
      fields: {
        must: { type: "int32", id: 1, rule: "required" },
        preset: { type: "E", id: 2, options: { default: "B" } },
        myPart: { type: "MyPart", id: 3 },
      },
      extensions: [[100, 199]],
      nested: { MyPart: { fields: {}, group: true } },
    },
    E: { edition: "proto2", values: { A: 0, B: 1, C: 1 } },
    more: { edition: "proto2", type: "Old", id: 100, extend: "Old" },
  }));
  deepStrictEqual(Object.keys(files).sort(), ["t_proto2.proto", "t_proto3.proto"]);
  const file = files["t_proto2.proto"];
  strictEqual(file?.["syntax"], "proto2");
  const [old] = file["messageType"] as Fields[];
  const { must, preset, mypart } = byName(old?.["field"]);
  strictEqual(must?.["label"], 2);
  strictEqual(preset?.["defaultValue"], "B");
  deepStrictEqual(pick(mypart, "type", "typeName"), { type: 10, typeName: ".t.Old.MyPart" });
  deepStrictEqual(old?.["extensionRange"], [{ start: 100, end: 200 }]);
  const [more] = file["extension"] as Fields[];
  deepStrictEqual(pick(more, "number", "extendee", "typeName"), {
    number: 100,
    extendee: ".t.Old",
    typeName: ".t.Old",
  });
  const [e] = file["enumType"] as Fields[];
  deepStrictEqual(e?.["options"], { allowAlias: true, deprecated: false });
});
