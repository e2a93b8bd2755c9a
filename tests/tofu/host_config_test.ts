/** How examples/terraform-host makes configurations, and proposes states by them. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { makeConfig, makeValue } from "../../examples/terraform-host/config.ts";
import { DiagnosticsError } from "../../examples/terraform-host/diagnostics.ts";
import { proposeState } from "../../examples/terraform-host/proposed.ts";
import {
  type Block,
  type NestedBlock,
  readProviderSchema,
} from "../../examples/terraform-host/schema.ts";
import type { Type } from "../../examples/terraform-host/types.ts";
import { Dynamic, type ObjectValue, UNKNOWN } from "../../examples/terraform-host/values.ts";
import { NESTED_SCHEMA } from "./nested_schema.ts";

const block = readProviderSchema(NESTED_SCHEMA).resources["nested_thing"]?.block as Block;

const EMPTY: ObjectValue = {
  name: "a",
  id: null,
  secret: null,
  any: null,
  rules: null,
  single: null,
  group: { id: null, size: null },
  list: [],
  set: [],
  map: {},
};

/** The problems as `path: summary: detail`. */
function problems(use: () => unknown): string[] {
  let found: string[] = [];
  throws(use, (error) => {
    if (!(error instanceof DiagnosticsError)) return false;
    found = error.message.split("\n\n").map((text) => text.replaceAll(/\s+/g, " "));
    return true;
  });
  return found;
}

test("readProviderSchema() makes one type of attributes and blocks", () => {
  const inner: Type = ["object", { id: "string", size: "number" }];
  deepStrictEqual(block.type, ["object", {
    name: "string",
    id: "string",
    secret: "string",
    any: "dynamic",
    rules: ["set", inner],
    single: inner,
    group: inner,
    list: ["list", inner],
    set: ["set", inner],
    map: ["map", inner],
  }]);
});

test("makeConfig() has everything present: null attributes, empty collections of blocks", () => {
  deepStrictEqual(makeConfig(block, { name: "a" }), EMPTY);
});

test("makeConfig() takes blocks of every nesting, and one for a list of one", () => {
  const one = { size: 1 };
  const full = { id: null, size: 1 };
  const input = { single: one, group: one, list: [one, one], set: one, map: { k: one } };
  deepStrictEqual(makeConfig(block, { name: "a", rules: [one], ...input }), {
    ...EMPTY,
    rules: [full],
    single: full,
    group: full,
    list: [full, full],
    set: [full],
    map: { k: full },
  });
});

test("makeConfig() says everything that is wrong, and where", () => {
  const list = [{ size: "x" }, { width: 1 }, {}, {}];
  const input = { nane: "a", list, rules: [7], map: 1, secret: ["a"] };
  const found = problems(() => makeConfig(block, input));
  deepStrictEqual(found.filter((line) => !line.startsWith(" ")), [
    "Error: Unsupported argument at nane",
    "Error: Missing required argument at name",
    "Error: Incorrect value type at secret",
    "Error: Incorrect value type at rules[0]",
    "Error: Incorrect value type at list[0].size",
    "Error: Unsupported argument at list[1].width",
    "Error: Wrong number of blocks at list",
    "Error: Incorrect value type at map",
  ]);
});

test("makeConfig() counts the blocks that must be there", () => {
  for (const name of ["list", "single"]) {
    const nested = { ...block.blocks[name], minItems: 1 } as NestedBlock;
    const strict = { ...block, blocks: { ...block.blocks, [name]: nested } };
    makeConfig(strict, { name: "a", list: [{}], single: {} });
    const [found] = problems(() => makeConfig(strict, { name: "a" }));
    strictEqual(found, `Error: Wrong number of blocks at ${name}`);
  }
});

test("makeValue() takes texts for numbers and truth values, and those for texts", () => {
  deepStrictEqual(makeValue(["list", "number"], ["7", 7, "-1.5e3", "9007199254740993"]), [
    7,
    7,
    -1500,
    9007199254740993n,
  ]);
  strictEqual(makeValue("bool", "true"), true);
  strictEqual(makeValue("string", 7), "7");
  strictEqual(makeValue("string", false), "false");
  strictEqual(makeValue("string", UNKNOWN), UNKNOWN);
});

for (
  const [type, input] of [
    ["number", "seven"],
    ["number", ""],
    ["number", true],
    ["bool", "yes"],
    ["bool", 1],
    ["string", {}],
    [["list", "string"], "a"],
    [["map", "string"], ["a"]],
    [["tuple", ["string"]], ["a", "b"]],
    ["dynamic", () => {}],
  ] as const
) {
  test(`makeValue() refuses ${JSON.stringify(input)} for ${JSON.stringify(type)}`, () => {
    strictEqual(problems(() => makeValue(type, input))[0], "Error: Incorrect value type");
  });
}

test("makeValue() takes the type of an open value from the value", () => {
  deepStrictEqual(
    makeValue("dynamic", { a: [1, "x", null], b: true }),
    new Dynamic(["object", { a: ["tuple", ["number", "string", "dynamic"]], b: "bool" }], {
      a: [1, "x", null],
      b: true,
    }),
  );
});

test("proposeState() leaves to the provider what it computes, in a new resource null", () => {
  const config = makeConfig(block, { name: "a", list: [{ size: 1 }] });
  deepStrictEqual(proposeState(block, null, config), config);
});

test("proposeState() keeps what was computed and forgets what was configured", () => {
  const config = makeConfig(block, { name: "b" });
  const prior = { ...config, name: "a", id: "1", secret: "x", single: { id: "2", size: 1 } };
  deepStrictEqual(proposeState(block, prior, config), { ...config, id: "1" });
});

test("proposeState() matches blocks: a list by position, a map by key, a set by content", () => {
  const at = (id: string | null, size: number) => ({ id, size });
  const config = makeConfig(block, {
    name: "a",
    list: [{ size: 9 }, { size: 2 }, { size: 3 }],
    map: { x: { size: 9 }, z: { size: 1 } },
    set: [{ size: 2 }, { size: 3 }, { size: 2 }],
    rules: [{ size: 2 }],
    group: { size: 4 },
    single: { size: 5 },
  });
  const prior: ObjectValue = {
    ...config,
    list: [at("l1", 1), at("l2", 2)],
    map: { x: at("mx", 1), y: at("my", 1) },
    set: [at("s1", 1), at("s2", 2)],
    rules: [at("r1", 1), at("r2", 2)],
    group: at("g", 1),
    single: null,
  };
  deepStrictEqual(proposeState(block, prior, config), {
    ...config,
    list: [at("l1", 9), at("l2", 2), at(null, 3)],
    map: { x: at("mx", 9), z: at(null, 1) },
    set: [at("s2", 2), at(null, 3), at(null, 2)],
    rules: [at("r2", 2)],
    group: at("g", 4),
    single: at(null, 5),
  });
});
