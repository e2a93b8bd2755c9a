/**
 * The examples in docstrings that `deno test --doc` leaves out, because they are
 * programs of several files: they are put beside each other, and run.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { run } from "../helpers/run.ts";
import { pathWithDeno } from "./outside.ts";

const ENTRIES = ["mod.ts", "host.ts", "plugin.ts", "testing.ts"];

/** Where the examples stand that are no program by themselves. */
const LEFT_OUT = [
  "host.ts",
  "plugin.ts",
  "src/host/client.ts",
  "src/plugin/serve_many.ts",
  "src/testing/test_client.ts",
];

/** An example of a docstring. */
interface Example {
  readonly text: string;
  /** Whether `deno test --doc` runs it. */
  readonly isRun: boolean;
}

function examplesIn(path: string): Example[] {
  const source = readFileSync(join(PROJECT_ROOT, path), "utf8");
  return [...source.matchAll(/^ *\* ```(\S+)(.*)\n([^]*?)^ *\* ```$/gm)]
    .map(([, language, flags, lines = ""]) => ({
      text: lines.replaceAll(/^ *\* ?/gm, ""),
      isRun: language === "ts" && flags === "",
    }));
}

/** The only example of a file. */
function exampleOf(path: string): string {
  const [example, ...more] = examplesIn(path);
  ok(example !== undefined && more.length === 0, path);
  return example.text;
}

/** A folder of a user's, with the module of the working tree and a `deno` in PATH. */
async function inFolder(
  files: Readonly<Record<string, string>>,
  use: (deno: (...args: string[]) => ReturnType<typeof run>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "examples-"));
  try {
    const { imports } = JSON.parse(readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8"));
    for (const [name, target] of Object.entries<string>(imports)) {
      if (target.startsWith("./")) imports[name] = `file://${join(PROJECT_ROOT, target)}`;
    }
    writeFileSync(join(folder, "deno.json"), JSON.stringify({ imports, nodeModulesDir: "none" }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const env = { PATH: pathWithDeno(folder), NO_COLOR: "1" };
    await use((...args) => run([process.execPath, ...args], { cwd: folder, env }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program that has to end well, and gives what it printed. */
async function printed(result: ReturnType<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await result;
  strictEqual(code, 0, `${stdout}\n${stderr}`);
  return stdout;
}

test("every entry point has an example", () => {
  for (const entry of ENTRIES) ok(exampleOf(entry).includes("@x/goplugin"), entry);
});

test("no examples but those that are run here are left out by deno test --doc", () => {
  const sources = readdirSync(join(PROJECT_ROOT, "src"), { recursive: true })
    .map((name) => `src/${String(name).replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"));
  const all = [...ENTRIES, ...sources].map((path) => ({ path, examples: examplesIn(path) }));
  const left = all.filter(({ examples }) => examples.some(({ isRun }) => !isRun));
  deepStrictEqual(left.map(({ path }) => path).sort(), LEFT_OUT);
  ok(all.flatMap(({ examples }) => examples).filter(({ isRun }) => isRun).length >= 13);
});

/** Makes the files that the examples import each other by. */
function files(): Record<string, string> {
  const host = exampleOf("host.ts");
  return {
    "greeter.ts": exampleOf("mod.ts"),
    "plugin.ts": exampleOf("plugin.ts"),
    "host.ts": host,
    "greeter_test.ts": exampleOf("src/testing/test_client.ts"),
    "many.ts": exampleOf("src/plugin/serve_many.ts"),
    "many_host.ts": host.replace('"plugin.ts"]', '"many.ts", "greeter"]'),
    "kv_config.ts": `import type { ServeConfig } from "@x/goplugin/plugin";
import { handshake } from "./greeter.ts";
export const config: ServeConfig = { handshake, plugins: {} };
`,
    "kv_host.ts": exampleOf("src/host/client.ts").replace('("plugin.ts"', '("kv_plugin.ts"') +
      "console.log(new TextDecoder().decode((await kv.get({ key: 'hello' })).value));",
    ...Object.fromEntries(
      ["kv.ts", "kv_descriptor.ts", "plugin.ts"].map((name) => [
        name === "plugin.ts" ? "kv_plugin.ts" : name,
        readFileSync(join(PROJECT_ROOT, "examples/kv", name), "utf8"),
      ]),
    ),
  };
}

test("the examples of docstrings that are programs pass the compiler and do what they say", async () => {
  await inFolder(files(), async (deno) => {
    await printed(deno("check", ...Object.keys(files())));
    // Those of mod.ts, plugin.ts and host.ts are one program.
    strictEqual(await printed(deno("run", "-A", "host.ts")), "Hello, world\n");
    strictEqual(await printed(deno("run", "-A", "kv_host.ts")), "world\n");
    strictEqual(await printed(deno("run", "-A", "many_host.ts")), "Hello, world\n");
    const { code, stderr } = await deno("run", "-A", "many.ts");
    strictEqual(code, 1);
    match(stderr, /greeter, kv/);
    const tested = await printed(deno("test", "-A", "--no-check", "greeter_test.ts"));
    match(tested, /1 passed \| 0 failed/);
  });
});
