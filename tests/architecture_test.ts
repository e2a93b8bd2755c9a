import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as host from "../host.ts";
import * as mod from "../mod.ts";
import * as plugin from "../plugin.ts";
import type { Source } from "./architecture.ts";
import { isDeno } from "./helpers/program.ts";
import { HOST_TYPES, HOST_VALUES, PLUGIN_TYPES, PLUGIN_VALUES } from "./public_names.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRIES = ["mod.ts", "host.ts", "plugin.ts", "testing.ts"];

test("host.ts and plugin.ts export the values on the list, mod.ts those of both", () => {
  deepStrictEqual(Object.keys(host).sort(), HOST_VALUES);
  deepStrictEqual(Object.keys(plugin).sort(), PLUGIN_VALUES);
  deepStrictEqual(Object.keys(mod).sort(), [...new Set([...HOST_VALUES, ...PLUGIN_VALUES])].sort());
});

if (isDeno) {
  await checkSources();
} else {
  test("the architecture is checked on Deno, where the sources are", () => {
    strictEqual(existsSync(`${ROOT}src/errors.ts`), false);
  });
}

/** The sources in a folder. */
async function read(folder: string, ending: string): Promise<Source[]> {
  const names = await readdir(`${ROOT}${folder}`, { recursive: true });
  const paths = names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(ending));
  return await Promise.all(paths.sort().map(readSource));
}

async function readSource(path: string): Promise<Source> {
  return { path, text: await readFile(`${ROOT}${path}`, "utf8") };
}

async function checkSources(): Promise<void> {
  // Needs TypeScript, which the tests on Node do without.
  const { findFaults, importsOf, listedExports } = await import("./architecture.ts");

  test("the sources keep to floors, doors and sizes", async () => {
    const entries = await Promise.all(ENTRIES.map(readSource));
    const sources = [...await read("src", ".ts"), ...entries, ...await read("tests", "_test.ts")];
    ok(sources.length > 50);
    deepStrictEqual(findFaults(sources), []);
  });

  test("host.ts and plugin.ts export the types on the list", async () => {
    const [hostExports, pluginExports] = [
      listedExports(await readSource("host.ts")),
      listedExports(await readSource("plugin.ts")),
    ];
    deepStrictEqual(hostExports, { values: HOST_VALUES, types: HOST_TYPES });
    deepStrictEqual(pluginExports, { values: PLUGIN_VALUES, types: PLUGIN_TYPES });
  });

  const faultsOf = (path: string, text: string) =>
    findFaults([{ path, text }]).map((fault) => fault.replace(/^[^ ]+: /, ""));

  for (
    const [path, text, fault] of [
      ["src/errors.ts", 'import "./wire/a.ts";', "errors imports wire"],
      ["src/wire/a.ts", 'import { b } from "../logging/b.ts";', "wire imports logging"],
      ["src/logging/a.ts", 'import type { B } from "../runtime/b.ts";', "logging imports runtime"],
      ["src/runtime/a.ts", 'export { b } from "../mux/b.ts";', "runtime imports mux"],
      ["src/runtime/a.ts", 'export * from "../transport/b.ts";', "runtime imports transport"],
      ["src/mux/a.ts", 'import { b } from "../http2/b.ts";', "mux imports http2"],
      ["src/http2/a.ts", 'await import("../mux/b.ts");', "http2 imports mux"],
      ["src/grpc/a.ts", "import(`../transport/b.ts`);", "grpc imports transport"],
      ["src/transport/a.ts", 'let b: import("../rpc/b.ts").B;', "transport imports rpc"],
      ["src/rpc/a.ts", 'import {\n  b,\n} from "../host/b.ts";', "rpc imports host"],
      ["src/host/a.ts", 'import { b } from "../plugin/b.ts";', "host imports plugin"],
      ["src/plugin/a.ts", 'import type { B } from "../host/b.ts";', "plugin imports host"],
      ["src/host/a.ts", 'import { b } from "../../host.ts";', "host imports host.ts"],
      ["src/plugin/a.ts", 'import { b } from "@x/goplugin";', "plugin imports mod.ts"],
      ["src/plugin/a.ts", 'import { b } from "@x/goplugin/host";', "plugin imports host.ts"],
      ["host.ts", 'export * from "./plugin.ts";', "host.ts imports plugin.ts"],
      ["plugin.ts", 'export * from "./mod.ts";', "plugin.ts imports mod.ts"],
      ["src/rpc/a.ts", 'import b from "../../proto/b.ts";', "rpc imports proto/b.ts"],
      ["src/rpc/a.ts", 'import b from "../new_room/b.ts";', "rpc imports new_room"],
      ["src/new_room/a.ts", "", "is in no room"],
      ["src/a.ts", "", "is in no room"],
      [
        "src/host/a.ts",
        'import { env } from "node:process";',
        "only runtime/ imports node:process",
      ],
      ["src/wire/a.ts", 'import fs from "fs/promises";', "only runtime/ imports fs/promises"],
      ["src/mux/a.ts", 'import "node:fs";', "only runtime/ imports node:fs"],
      ["src/rpc/a.ts", 'import "child_process";', "only runtime/ imports child_process"],
      ["src/host/a.ts", 'import "@grpc/grpc-js";', "only rpc/ imports @grpc/grpc-js"],
      ["src/http2/a.ts", 'import("npm:@grpc/grpc-js@1");', "only rpc/ imports npm:@grpc/grpc-js@1"],
      ["src/host/a.ts", "const { env } = Deno;", "only runtime/ says Deno"],
      ["src/errors.ts", "globalThis.Deno?.exit();", "only runtime/ says Deno"],
      ["src/rpc/a.ts", "`${Deno.pid}`;", "only runtime/ says Deno"],
      [
        "src/wire/a.ts",
        'import "@std/encoding/hex";',
        "imports @std/encoding/hex, which npm lacks",
      ],
      [
        "tests/wire/a_test.ts",
        'import "jsr:@std/assert";',
        "imports jsr:@std/assert, which npm lacks",
      ],
      ["mod.ts", 'export * from "jsr:@std/path";', "imports jsr:@std/path, which npm lacks"],
      ["src/wire/mod.ts", "", "a file is named for what it does"],
      ["src/wire/utils.ts", "", "a file is named for what it does"],
      ["src/wire/a.ts", "a;\n".repeat(401), "has 401 lines, 400 are enough"],
      ["mod.ts", "export const a = 1;", "holds more than exports"],
    ] as const
  ) {
    test(`findFaults() says of ${path}: ${fault}`, () => {
      deepStrictEqual(faultsOf(path, text), [fault]);
    });
  }

  for (
    const [path, text] of [
      ["src/wire/a.ts", 'import { b } from "./b.ts";\nimport "../errors.ts";'],
      ["src/host/a.ts", 'import "../rpc/b.ts";\nimport "../wire/b.ts";\nimport "node:net";'],
      ["src/host/a.ts", '// import "../plugin/b.ts"; Deno.exit()\n/** import "../plugin/b.ts" */'],
      ["src/host/a.ts", "const text = 'import \"../plugin/b.ts\"; Deno.exit()';"],
      ["src/host/a.ts", "const text = `Deno.exit() ${a}`; const re = /Deno.exit/;"],
      ["src/runtime/a.ts", 'import "node:fs";\nimport "node:fs/promises";\nDeno.exit();'],
      ["src/rpc/a.ts", 'import "@grpc/grpc-js";\nimport "npm:protobufjs";'],
      ["src/wire/a.ts", "a;\n".repeat(400)],
      ["src/rpc/descriptors.ts", "a;\n".repeat(1000)],
      ["mod.ts", '/** @module */\nexport * from "./host.ts";\nexport * from "./plugin.ts";'],
      [
        "host.ts",
        'export { a } from "./src/host/a.ts";\nexport type { B } from "./src/errors.ts";',
      ],
      ["tests/wire/a_test.ts", 'import "node:fs";\nimport "../../src/wire/a.ts";\nDeno.exit();'],
      ["src/wire/model.ts", ""],
    ] as const
  ) {
    test(`findFaults() has nothing to say of ${path}: ${JSON.stringify(text.slice(0, 60))}`, () => {
      deepStrictEqual(faultsOf(path, text), []);
    });
  }

  test("findFaults() gives every fault, with file and line, in order", () => {
    const faults = findFaults([
      { path: "src/wire/b.ts", text: '\nimport "../mux/a.ts";\nDeno.exit();' },
      { path: "src/wire/a.ts", text: 'import "../mux/a.ts";' },
    ]);
    deepStrictEqual(faults, [
      "src/wire/a.ts:1: wire imports mux",
      "src/wire/b.ts:2: wire imports mux",
      "src/wire/b.ts:3: only runtime/ says Deno",
    ]);
  });

  test("importsOf() sees an import whose path is computed", () => {
    const [found] = importsOf({ path: "src/wire/a.ts", text: "import(path);" });
    deepStrictEqual(found, { specifier: "(path)", line: 1 });
  });
}
