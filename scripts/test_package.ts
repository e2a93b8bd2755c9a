/**
 * Checks the npm package as a stranger meets it: the tarball goes into an empty
 * project, every entry point is imported and the README's program for Node run
 * on each Node that is supported, and on Bun; TypeScript reads the types in
 * either way of resolving modules; publint and attw look at what is in it.
 *
 *     deno task test:package
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { programsOf, readPage } from "../tests/docs/markdown.ts";
import { runTool } from "../tests/helpers/cache.ts";
import { runLong, type RunOptions } from "../tests/helpers/run.ts";
import { nodeProject } from "./node_project.ts";
import { nodeOf, npmPackages } from "./npm_tools.ts";

/** The oldest Node that package.json's `engines` allows, and the even ones after it. */
const NODES = ["20", "22", "24"];

/** The one that docs/bun.md is about. */
const BUN = "1.4.5";

const TOOLS = ["publint@0.3.25", "@arethetypeswrong/cli@0.18.5", "typescript@5.9.3"];

/** How a project may have TypeScript find packages. */
const RESOLUTIONS = { nodenext: "nodenext", bundler: "esnext" } as const;

const LIMIT_MS = 180_000;
let failed = 0;

/** Runs a program of the check; it has to end well and to print what is expected. */
async function check(
  name: string,
  command: readonly [string, ...string[]],
  options: RunOptions,
  expected?: string,
): Promise<void> {
  const { code, stdout, stderr } = await runLong(command, options, LIMIT_MS);
  const isGood = code === 0 && (expected === undefined || stdout === expected);
  console.log(`${isGood ? "ok" : "FAILED"}: ${name}`);
  if (isGood) return;
  failed++;
  console.log(`${command.join(" ")}\nexit ${code}\n${stdout}${stderr}`);
}

/** A program that uses every entry point, with types that only ours allow. */
function typedProgram(entries: readonly string[]): string {
  const imports = entries.map((entry, i) => `import * as entry${i} from "${entry}";`);
  return `${imports.join("\n")}
import { Client, type HandshakeConfig, service } from "@x/goplugin/host";
import { implement } from "@x/goplugin/plugin";
import { testClient } from "@x/goplugin/testing";

interface Greeter {
  greet(request: { name: string }): Promise<{ text: string }>;
}
const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "GREETER_PLUGIN",
  magicCookieValue: "hello",
};
const GreeterService = service<Greeter>({}, "greeter.Greeter");
const plugins = { greeter: GreeterService };
const client = new Client({ handshake, plugins, command: ["plugin"] });
const greeter = await client.dispense("greeter");
const { text } = await greeter.greet({ name: "Ada" }, { timeoutMs: 500 });
const isText: string = text;
// @ts-expect-error It is no number: the types have arrived.
const isNumber: number = text;
// @ts-expect-error There is no such plugin.
await client.dispense("nobody");
const served = { greeter: implement(GreeterService, { greet: ({ name }) => ({ text: name }) }) };
await using tested = await testClient(served);
console.log(isText, isNumber, tested, ${entries.map((_, i) => `entry${i}`).join(", ")});
`;
}

const packed = join(await nodeProject(), "npm");
const [tarball] = readdirSync(packed).filter((name) => name.endsWith(".tgz"));
if (tarball === undefined) throw new Error(`Cannot check the package: no tarball in "${packed}"`);
const path = join(packed, tarball);
const tools = join(await npmPackages(...TOOLS), "node_modules");
// Beyond the project, so that nothing of its folder is found.
const folder = mkdtempSync(join(tmpdir(), "package-"));
try {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await runTool("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", path], {
    cwd: folder,
  });
  console.log(`ok: ${tarball} installs in an empty project`);
  // What comes from JSR by npm's registry would need an .npmrc.
  const installed = readdirSync(join(folder, "node_modules"));
  if (installed.includes("@jsr")) throw new Error("Cannot accept the package: it needs @jsr");

  const manifest = join(folder, "node_modules/@x/goplugin/package.json");
  const { name, exports } = JSON.parse(readFileSync(manifest, "utf8")) as {
    name: string;
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports).map((entry) => name + entry.slice(1));

  for (const [file, text] of programsOf(readPage("README.md"))) {
    if (/\.(mjs|proto)$/.test(file)) writeFileSync(join(folder, file), text);
  }
  const imports = entries.map((entry) =>
    `if (Object.keys(await import("${entry}")).length === 0) throw new Error("${entry}");`
  );
  for (const major of NODES) {
    const node = await nodeOf(major);
    const { stdout } = await runLong([node, "--version"], {}, LIMIT_MS);
    const on = `on Node ${stdout.trim()}`;
    const script = ["--input-type=module", "-e", imports.join("\n")];
    await check(`${entries.join(", ")} ${on}`, [node, ...script], { cwd: folder }, "");
    const host = [node, "host.mjs"] as const;
    await check(`the README's program ${on}`, host, { cwd: folder }, "Hello, Node!\n");
  }

  // Not a runtime that is supported, but docs/bun.md says that this much works.
  const bun = join(await npmPackages(`bun@${BUN}`), "node_modules/bun/bin/bun.exe");
  const onBun = [bun, "host.mjs"] as const;
  await check(`the README's program on Bun ${BUN}`, onBun, { cwd: folder }, "Hello, Node!\n");

  writeFileSync(join(folder, "use.mts"), typedProgram(entries));
  for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
    const config = { strict: true, noEmit: true, skipLibCheck: false, target: "es2022" };
    const compilerOptions = { ...config, module, moduleResolution: resolution };
    const file = `tsconfig.${resolution}.json`;
    writeFileSync(join(folder, file), JSON.stringify({ compilerOptions, files: ["use.mts"] }));
    const tsc = ["node", join(tools, "typescript/bin/tsc"), "-p", file] as const;
    await check(`types, moduleResolution ${resolution}`, tsc, { cwd: folder });
  }

  await check("publint", ["node", join(tools, "publint/src/cli.js"), "run", "--strict", path], {});
  // "esm-only" takes it as it is meant: CommonJS loads the package by import().
  const attw = join(tools, "@arethetypeswrong/cli/dist/index.js");
  await check("attw", ["node", attw, "--profile", "esm-only", path], {});
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed === 0 ? "The package is good" : `${failed} checks FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
