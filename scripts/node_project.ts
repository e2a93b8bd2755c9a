/**
 * Makes an empty Node project with the packed npm package installed, and the
 * tests and examples beside it as JavaScript: Node runs what a user would get.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { buildNpm } from "./build_npm.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = "node_modules/@x/goplugin";

/** Packages that the tests and examples need beside ours. */
const TEST_PACKAGES = ["@msgpack/msgpack", "@peculiar/x509", "reflect-metadata"];

/** Folders that are run on Node; the rest of the project is for Deno alone. */
const FOLDERS = ["bench", "examples", "tests"];

/** Makes the project in a folder, which is emptied first. */
export async function makeNodeProject(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tarball = await buildNpm(join(folder, "npm"));
  const { imports } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")) as {
    imports: Record<string, string>;
  };
  const dependencies = Object.fromEntries(
    TEST_PACKAGES.map((name) => [name, imports[name]?.replace(`npm:${name}@`, "") ?? "*"]),
  );
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }, null, 2),
  );
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", tarball], {
    cwd: folder,
    timeout: 300_000,
  });
  await addUnreached(join(folder, PACKAGE));
  for (const name of FOLDERS) await transpileFolder(name, folder);
}

/** Adds the modules that no exported one imports yet: they have tests, but are not in the package. */
async function addUnreached(target: string): Promise<void> {
  for (const name of await readdir(join(ROOT, "src"), { recursive: true })) {
    const path = join("src", name);
    const output = join(target, path.replace(/\.ts$/, ".js"));
    if (!path.endsWith(".ts") || await exists(output)) continue;
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, transpile(await readFile(join(ROOT, path), "utf8"), path));
  }
}

async function transpileFolder(name: string, target: string): Promise<void> {
  for (const entry of await readdir(join(ROOT, name), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const path = relative(ROOT, source);
    const output = join(target, path);
    await mkdir(dirname(output), { recursive: true });
    if (path.endsWith(".ts")) {
      const text = transpile(await readFile(source, "utf8"), path);
      await writeFile(output.replace(/\.ts$/, ".js"), text);
    } else {
      await cp(source, output);
    }
  }
}

/** Takes the types out and turns the paths of imports to what stands there on Node. */
export function transpile(source: string, path: string): string {
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return outputText.replace(
    /(from\s+|import\s*\(?\s*)(["'])(\.[^"']*)\.ts\2/g,
    (_, before: string, quote: string, specifier: string) =>
      `${before}${quote}${nodePath(specifier, path)}.js${quote}`,
  );
}

/** The module's own files stand in the installed package. */
function nodePath(specifier: string, from: string): string {
  const target = join(dirname(from), specifier);
  const isOwn = /^(src\/|mod$|host$|plugin$|testing$)/.test(target) && !from.startsWith("src/");
  if (!isOwn) return specifier;
  const path = relative(dirname(from), join(PACKAGE, target));
  return path.startsWith(".") ? path : `./${path}`;
}

/** What goes into the project, and so decides whether a finished one is still good. */
const INPUTS = [
  "deno.json",
  "mod.ts",
  "host.ts",
  "plugin.ts",
  "testing.ts",
  "src",
  "scripts",
  ...FOLDERS,
];

/** The folder of a project made of what the working tree holds now; made if there is none. */
export async function nodeProject(): Promise<string> {
  const projects = join(ROOT, ".cache/node");
  const name = await fingerprint();
  const folder = join(projects, name);
  if (await exists(folder)) return folder;
  for (const old of await readdir(projects).catch(() => [])) {
    if (!old.startsWith(name)) await rm(join(projects, old), { recursive: true, force: true });
  }
  const unfinished = `${folder}.${process.pid}`;
  await makeNodeProject(unfinished);
  try {
    await rename(unfinished, folder);
  } catch (error) {
    // The tests on Deno and those on Node may both have begun: the first one counts.
    if (!await exists(folder)) throw error;
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const input of INPUTS) {
    const path = join(ROOT, input);
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder ? await readdir(path, { recursive: true }) : [""];
    for (const name of names.sort()) {
      const file = join(path, name);
      if (!(await stat(file)).isFile()) continue;
      hash.update(relative(ROOT, file)).update("\0").update(await readFile(file)).update("\0");
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

if (import.meta.main) console.log(await nodeProject());
