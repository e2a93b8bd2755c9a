/** What the READMEs print as commands and programs does what they say. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { parseReattach } from "@x/goplugin";
import { nodeProject } from "../../scripts/node_project.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goMissing } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { sandboxMissing } from "../helpers/sandbox.ts";
import { within } from "../helpers/wait.ts";
import { runtimeMissing } from "../interop/matrix.ts";
import { blocksOf, programsOf, readPage } from "./markdown.ts";
import { pathWithDeno } from "./outside.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const README = readFileSync(join(PROJECT_ROOT, "README.md"), "utf8");

/** The folders that somebody has who follows the README: a clone, and one of their own beside it. */
async function asAStranger(use: (own: string, PATH: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    symlinkSync(PROJECT_ROOT, join(folder, "goplugin"));
    const own = join(folder, "own");
    mkdirSync(own);
    const config = blocksOf(README).find(({ language }) => language === "json");
    writeFileSync(join(own, "deno.json"), config?.text ?? "");
    for (const [name, text] of [...programsOf(readPage("docs/plugin.md")), ...programsOf(README)]) {
      writeFileSync(join(own, name), text);
    }
    await use(own, pathWithDeno(folder));
  });
}

test("the README's first host and plugin greet as printed, with its deno.json", async () => {
  deepStrictEqual([...programsOf(README).keys()], [
    "greeter.proto",
    "greeter.ts",
    "plugin.ts",
    "host.ts",
    "greeter.mjs",
    "plugin.mjs",
    "host.mjs",
  ]);
  await asAStranger(async (cwd, PATH) => {
    const greeted = await run(["sh", "-c", "deno run -A host.ts"], { cwd, env: { PATH } });
    deepStrictEqual([greeted.code, greeted.stdout], [0, "Hello, world!\n"], greeted.stderr);
    // What is said of the log and the packages: nothing else, once they are there.
    const again = await run(["sh", "-c", "deno run -A host.ts"], { cwd, env: { PATH } });
    deepStrictEqual(again, { code: 0, stdout: "Hello, world!\n", stderr: "" });
    const byHand = await run(["sh", "-c", "deno run -A plugin.ts"], { cwd, env: { PATH } });
    deepStrictEqual([byHand.code, byHand.stdout], [1, ""]);
    match(byHand.stderr, /^This program is a plugin/);
  });
});

test("debug.ts of docs/plugin.md prints where it can be attached to", async () => {
  await asAStranger(async (own) => {
    const config = parseReattach(await firstLineOf("debug.ts", own));
    deepStrictEqual([config.protocol, config.protocolVersion, config.test], ["grpc", 1, true]);
  });
});

/** Runs a program until it has printed a line. */
async function firstLineOf(program: string, folder: string): Promise<string> {
  const child = spawn(process.execPath, ["run", "-A", program], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { value } = await within(lines.next(), `a line of ${program}`);
    return value ?? "";
  } finally {
    child.kill("SIGKILL");
  }
}

test("the README's lines for Node greet in a project with the packed package", {
  skip: runtimeMissing("node") ?? false,
}, async () => {
  const project = await nodeProject();
  await inFolder(async (folder) => {
    cpSync(join(project, "node_modules"), join(folder, "node_modules"), { recursive: true });
    for (const [name, text] of programsOf(README)) {
      if (/\.(mjs|proto)$/.test(name)) writeFileSync(join(folder, name), text);
    }
    const { code, stdout, stderr } = await run(["node", "host.mjs"], { cwd: folder });
    deepStrictEqual([code, stdout, stderr], [0, "Hello, Node!\n", ""]);
  });
});

/** The commands of an example's README: its indented lines that are no output. */
function commands(path: string): string[] {
  return readFileSync(path, "utf8").split("\n")
    .filter((line) => /^ {4}(deno|AUTO_MTLS|KV_|COUNTER_|\(cd)/.test(line)).map((line) =>
      line.trim()
    );
}

/** Runs the commands of an example one after the other in a copy of it. */
async function runExample(name: string): Promise<{ command: string; stdout: string }[]> {
  const outputs: { command: string; stdout: string }[] = [];
  const listed = commands(join(PROJECT_ROOT, "examples", name, "README.md"));
  ok(listed.length > 2, "the README holds commands");
  await inFolder(async (folder) => {
    const PATH = pathWithDeno(folder);
    const copy = join(folder, "examples", name);
    mkdirSync(dirname(copy));
    cpSync(join(PROJECT_ROOT, "examples", name), copy, { recursive: true });
    for (
      const part of [
        "deno.json",
        "deno.lock",
        "mod.ts",
        "host.ts",
        "plugin.ts",
        "testing.ts",
        "src",
        "tests",
      ]
    ) {
      cpSync(join(PROJECT_ROOT, part), join(folder, part), { recursive: true });
    }
    for (const command of listed) {
      const { code, stdout, stderr } = await run(["sh", "-c", command], {
        cwd: copy,
        env: { PATH, GOFLAGS: "-buildvcs=false", NO_COLOR: "1" },
      });
      const isByHand = /^deno run .*plugin\.ts$/.test(command);
      strictEqual(code, isByHand ? 1 : 0, `${command}\n${stdout}\n${stderr}`);
      outputs.push({ command, stdout });
    }
  });
  return outputs;
}

test("the commands of examples/greeter do what its README says", async () => {
  const outputs = await runExample("greeter");
  match(outputs[0]?.stdout ?? "", /certificates on both sides \(AutoMTLS\)\nAnswer: Hello, Ada!/);
  match(outputs[1]?.stdout ?? "", /no certificate\nAnswer: Hello, Ada!/);
  strictEqual(outputs.length, 3);
});

test("the commands of examples/kv do what its README says", {
  skip: goMissing() ?? false,
}, async () => {
  const printed = (await runExample("kv")).map(({ stdout }) => stdout).filter((text) =>
    text !== ""
  );
  deepStrictEqual(printed, ["world\n\nWritten from plugin-go-grpc\n", "world\n", "world\n"]);
});

test("the commands of examples/callback do what its README says", {
  skip: goMissing() ?? false,
}, async () => {
  const printed = (await runExample("callback")).map(({ stdout }) => stdout);
  const counted =
    "the plugin asks for 0 + 1\nthe plugin asks for 1 + 2\nthe plugin asks for 3 + 39\nkey: 42\n";
  deepStrictEqual(printed, [counted, "", counted, "", ""]);
});

test("the commands of examples/sandbox do what its README says", {
  skip: sandboxMissing() ?? false,
}, async () => {
  const readme = readFileSync(join(PROJECT_ROOT, "examples/sandbox/README.md"), "utf8");
  const numbers = /goplugin-\S+\/plugin\d+/;
  const listed = readme.match(/^ {4}Its socket[^]*?\n\n/m)?.[0].replaceAll(/^ {4}/gm, "").trimEnd();
  const printed = (await runExample("sandbox")).map(({ stdout }) => stdout.replace(numbers, "N"));
  // What a system has at its root differs by lib64, and the place of sockets by TMPDIR.
  const plain = (text = "") => text.replace(" lib64", "").replace(/is \/\S+ here/, "is N here");
  const expected = `${plain(listed)}\n`;
  deepStrictEqual(printed.map(plain), [expected, expected, ""]);
});

test("the runners in examples/sandbox/README.md pass the compiler", async () => {
  const readme = readFileSync(join(PROJECT_ROOT, "examples/sandbox/README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  deepStrictEqual(blocks.map((text) => text.match(/export function (\w+)/)?.[1]), [
    "docker",
    "kubectl",
  ]);
  await inFolder(async (folder) => {
    const files = blocks.map((text, i) => {
      writeFileSync(join(folder, `${i}.ts`), text);
      return join(folder, `${i}.ts`);
    });
    const config = join(PROJECT_ROOT, "deno.json");
    const check = ["check", "--no-lock", "--config", config, ...files];
    const { code, stderr } = await run([process.execPath, ...check], { env: { NO_COLOR: "1" } });
    strictEqual(code, 0, stderr);
  });
});
