import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Access } from "../../src/runtime/runtime.ts";
import { isDeno, moduleCommand } from "../helpers/program.ts";
import { run, type Settings } from "./spawned.ts";

/** What one of our programs prints when it runs with exactly these flags. */
async function printed(program: string, flags: string[], args: string[], settings: Settings = {}) {
  const command = moduleCommand(`tests/runtime/programs/${program}`, flags);
  const { stdout, stderr, exit } = await run([...command, ...args], settings);
  deepStrictEqual(exit, { code: 0, signal: null }, stderr);
  return JSON.parse(stdout);
}

/** Node has no permissions to leave out. */
const denoTest = isDeno ? test : () => {};

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
const env = { FIRST: CERTIFICATE, SECOND: "a=b=c", EMPTY: "" };
const NAMES = ["FIRST", "SECOND", "EMPTY", "MISSING"];

for (
  const flags of [
    ["--allow-run"],
    ["--allow-run=env"],
    ["--allow-env"],
    ["--allow-env=FIRST,SECOND,EMPTY,MISSING"],
    ["--allow-run=env", "--allow-env=FIRST"],
  ]
) {
  denoTest(`Runtime.readEnvironment() works with ${flags.join(" ")}`, async () => {
    const values = await printed("environment", flags, NAMES, { env });
    deepStrictEqual(values, [CERTIFICATE, "a=b=c", "", null]);
  });
}

for (
  const [flags, missing] of [
    [[], "FIRST,SECOND"],
    [["--allow-run=sh"], "FIRST,SECOND"],
    [["--allow-env=FIRST"], "SECOND"],
    [["--ignore-env=FIRST"], "SECOND"],
    [["--deny-env=FIRST"], "FIRST,SECOND"],
  ] as const
) {
  const given = flags.join(" ") || "no flags";
  denoTest(`Runtime.readEnvironment() names the flags to add to ${given}`, async () => {
    const error = await printed("environment", [...flags], ["FIRST", "SECOND"], { env });
    deepStrictEqual(error, {
      name: "PermissionError",
      code: "permission",
      message: `Cannot read the environment: add --allow-env=${missing}`,
      hint: "--allow-run=env will do as well",
      flags: [`--allow-env=${missing}`],
    });
  });
}

for (
  const [flags, values] of [
    [["--ignore-env"], [null, null]],
    [["--ignore-env", "--allow-env=SECOND"], [null, "a=b=c"]],
    [["--ignore-env", "--allow-run=env"], [CERTIFICATE, "a=b=c"]],
  ] as const
) {
  denoTest(`Runtime.readEnvironment() misses nothing with ${flags.join(" ")}`, async () => {
    const read = await printed("environment", [...flags], ["FIRST", "SECOND"], { env });
    deepStrictEqual(read, values);
  });
}

denoTest("Runtime.readEnvironment() names its flags if there is no program env", async () => {
  const settings = { env: { PATH: "/nowhere" } };
  const { name, flags } = await printed("environment", ["--allow-run"], ["FIRST"], settings);
  deepStrictEqual([name, flags], ["PermissionError", ["--allow-env=FIRST"]]);
});

for (
  const flags of [["--allow-run"], ["--allow-run=sh"], ["--allow-run=sh", "--allow-env=HIDDEN"]]
) {
  denoTest(`Runtime.spawn() needs no more than ${flags.join(" ")}`, async () => {
    const outcome = await printed("spawn", flags, ["sh"], { env: { HIDDEN: "inherited" } });
    deepStrictEqual(outcome, { hidden: "", code: 0, signal: null });
  });
}

for (const flags of [[], ["--allow-run=env"], ["--allow-env", "--allow-read", "--allow-net"]]) {
  const given = flags.join(" ") || "no flags";
  denoTest(`Runtime.spawn() names the flag to add to ${given}`, async () => {
    deepStrictEqual(await printed("spawn", flags, ["sh"]), {
      name: "PermissionError",
      code: "permission",
      message: 'Cannot start plugin "sh": add --allow-run=sh',
      flags: ["--allow-run=sh"],
    });
  });
}

const ASKED: readonly Access[] = [
  { kind: "env" },
  { kind: "env", name: "HOME" },
  { kind: "run", program: "sh" },
  { kind: "read", path: "/tmp" },
  { kind: "write", path: "/tmp/deeper" },
  { kind: "net", host: "127.0.0.1" },
];

for (
  const [flags, granted] of [
    [[], ""],
    [["-A"], "env, env HOME, run sh, read /tmp, write /tmp/deeper, net 127.0.0.1"],
    [["--allow-env"], "env, env HOME"],
    [["--allow-env=HOME"], "env HOME"],
    [["--allow-run=sh"], "run sh"],
    [["--allow-read=/tmp"], "read /tmp"],
    [["--allow-write=/tmp"], "write /tmp/deeper"],
    [["--allow-write=/var"], ""],
    [["--allow-net=127.0.0.1"], "net 127.0.0.1"],
    [["--allow-net=127.0.0.2"], ""],
  ] as const
) {
  denoTest(
    `Runtime.permits() grants with ${flags[0] ?? "no flags"}: ${granted || "nothing"}`,
    async () => {
      const answer = await printed("permits", [...flags], [JSON.stringify(ASKED)]);
      const yes = ASKED.filter((_, i) => answer.granted[i]);
      strictEqual(yes.map((access) => Object.values(access).join(" ")).join(", "), granted);
    },
  );
}

for (const [flags, first] of [[["--allow-env=TMPDIR"], ["/var/tmp"]], [[], []]] as const) {
  denoTest(`Runtime.temporaryDirectories() works with ${flags[0] ?? "no flags"}`, async () => {
    const settings = { env: { TMPDIR: "/var/tmp" } };
    const { temporaryDirectories } = await printed("permits", [...flags], [], settings);
    deepStrictEqual(temporaryDirectories, [...first, "/tmp"]);
  });
}
