/**
 * Makes an empty Node project with the packed npm package installed, and the
 * tests and examples beside it as JavaScript: Node runs what a user would get.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { buildNpm } from "./build_npm.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = "node_modules/@x/goplugin";

/** Packages that the tests need beside ours. */
const TEST_PACKAGES = ["@peculiar/x509", "reflect-metadata"];

/** Folders that are run on Node; the rest of the project is for Deno alone. */
const FOLDERS = ["examples", "tests"];

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
  for (const name of FOLDERS) await transpileFolder(name, folder);
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
  const isOwn = /^(src\/|mod$|host$|plugin$)/.test(target);
  if (!isOwn) return specifier;
  const path = relative(dirname(from), join(PACKAGE, target));
  return path.startsWith(".") ? path : `./${path}`;
}

if (import.meta.main) await makeNodeProject(join(ROOT, ".cache/node"));
