import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { PermissionError } from "../../src/errors.ts";
import { missingFlags, type Need, requirePermissions } from "../../src/runtime/permissions.ts";
import { runNeed } from "../../src/runtime/run_need.ts";
import { type Access, loadRuntime } from "../../src/runtime/runtime.ts";
import { isDeno } from "../helpers/program.ts";

const nothing = { permits: (_: Access) => false };
const everything = { permits: (_: Access) => true };

/** Permits what it lists, as `kind value`. */
function only(...granted: readonly string[]) {
  return { permits: (access: Access) => granted.includes(Object.values(access).join(" ")) };
}

for (
  const [needs, flags] of [
    [[{ kind: "net", host: "127.0.0.1" }], ["--allow-net=127.0.0.1"]],
    [[{ kind: "net", host: "unix:/a/b" }], ["--allow-net=unix:/a/b"]],
    [[{ kind: "net" }], ["--allow-net"]],
    [[{ kind: "run", program: "./kv" }], ["--allow-run=./kv"]],
    [[{ kind: "run" }, { kind: "run", program: "kv" }], ["--allow-run"]],
    [[{ kind: "env", name: "A" }, { kind: "env", name: "B" }], ["--allow-env=A,B"]],
    [[{ kind: "read", path: "/a" }, { kind: "write", path: "/a" }, { kind: "read", path: "/b" }], [
      "--allow-read=/a,/b",
      "--allow-write=/a",
    ]],
    [[{ kind: "read", path: "/a" }, { kind: "read", path: "/a" }], ["--allow-read=/a"]],
    // Deno has no way to write a comma in a flag.
    [[{ kind: "read", path: "/a/b,c/d" }], ["--allow-read=/a"]],
    [[{ kind: "run", program: "a,b" }], ["--allow-run"]],
    [[[{ kind: "net", host: "unix:/a/b" }, { kind: "net" }]], ["--allow-net"]],
    [[], []],
  ] as const satisfies readonly (readonly [readonly Need[], readonly string[]])[]
) {
  test(`missingFlags() names ${flags.join(" ") || "nothing"} for ${JSON.stringify(needs)}`, () => {
    deepStrictEqual(missingFlags(nothing, needs), flags);
    deepStrictEqual(missingFlags(everything, needs), []);
  });
}

test("missingFlags() leaves out what is granted, and asks for the need, not for its name", () => {
  const needs: Need[] = [
    [{ kind: "net", host: "unix:/a/b" }, { kind: "net" }],
    { kind: "read", path: "/a" },
    { kind: "write", path: "/a" },
  ];
  deepStrictEqual(missingFlags(only("net unix:/a/b", "write /a"), needs), ["--allow-read=/a"]);
  deepStrictEqual(missingFlags(only("read /a"), needs), ["--allow-net", "--allow-write=/a"]);
});

test("requirePermissions() names all that is missing at once, to be copied into a shell", () => {
  const needs: Need[] = [
    { kind: "read", path: "/it's here" },
    [{ kind: "env", name: "PLUGIN_A" }, { kind: "env", name: "PLUGIN_*" }],
    { kind: "net", host: "127.0.0.1" },
  ];
  let error: unknown;
  try {
    requirePermissions(nothing, "Cannot begin", needs, { hint: "or do not" });
  } catch (thrown) {
    error = thrown;
  }
  ok(error instanceof PermissionError);
  strictEqual(
    error.message,
    "Cannot begin: add '--allow-read=/it'\\''s here' '--allow-env=PLUGIN_*' --allow-net=127.0.0.1",
  );
  strictEqual(error.hint, "or do not");
  deepStrictEqual(error.flags, [
    "--allow-read=/it's here",
    "--allow-env=PLUGIN_*",
    "--allow-net=127.0.0.1",
  ]);
  requirePermissions(everything, "Cannot begin", needs);
});

test("on Node nothing is missing", { skip: isDeno ? "It has permissions" : false }, async () => {
  const runtime = await loadRuntime();
  const needs: Need[] = [{ kind: "run" }, { kind: "net" }, { kind: "read" }, { kind: "env" }];
  deepStrictEqual(missingFlags(runtime, needs), []);
  strictEqual(runtime.hides("PATH"), false);
});

test("runNeed() is the right to the program that Deno would start", () => {
  const need = (program: string, env = {}, cwd?: string, { permits } = nothing) =>
    runNeed({ permits }, { program, env, cwd });
  const run = (program: string) => ({ kind: "run", program });
  deepStrictEqual(need("kv"), run("kv"));
  deepStrictEqual(need("./kv"), run("./kv"));
  deepStrictEqual(need("/opt/kv", {}, "/srv"), run("/opt/kv"));
  deepStrictEqual(need("./kv", {}, "/srv"), run(join("/srv", "kv")));
  deepStrictEqual(need("kv", {}, "/srv"), run("kv"));
  // A name is looked up in the PATH that the program is given.
  const PATH = ["/bin", "/opt"].join(join("/a", "b").includes("\\") ? ";" : ":");
  deepStrictEqual(need("kv", { PATH }), run("kv"));
  deepStrictEqual(
    need("kv", { PATH }, undefined, only(`run ${join("/opt", "kv")}`)),
    run(join("/opt", "kv")),
  );
});

test("runNeed() is the right to run anything, where the system's loader is told things", () => {
  for (const name of ["LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"]) {
    deepStrictEqual(runNeed(everything, { program: "kv", cwd: undefined, env: { [name]: "" } }), {
      kind: "run",
    });
  }
});
