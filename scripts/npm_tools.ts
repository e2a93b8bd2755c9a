/** Programs from npm that checks need and the module does not: other versions of Node, linters of packages. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cacheFolder, runTool, temporaryName } from "../tests/helpers/cache.ts";

/**
 * A folder with packages installed, kept in the cache: the first call installs
 * them, those after it find them there.
 *
 * @param packages Each with its version: `publint@0.3.25`.
 */
export async function npmPackages(...packages: readonly string[]): Promise<string> {
  const name = packages.join("+").replaceAll(/[^\w.@+-]/g, "_");
  const folder = join(await cacheFolder("npm"), name);
  if (existsSync(folder)) return folder;
  const unfinished = temporaryName(folder);
  await mkdir(unfinished);
  try {
    await writeFile(join(unfinished, "package.json"), '{ "private": true }\n');
    await runTool("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: unfinished });
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * The path of a Node: the one in PATH if it is of this major version, else one
 * that npm installs.
 *
 * @param major `20`, `22`, `24`.
 */
export async function nodeOf(major: string): Promise<string> {
  const found = nodeInPath();
  if (found?.version.startsWith(`v${major}.`)) return found.path;
  const folder = await npmPackages(`node@${major}`);
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(folder, "node_modules/node/bin", name);
}

/** The Node in PATH, `undefined` if there is none. */
export function nodeInPath(): { readonly path: string; readonly version: string } | undefined {
  const script =
    "console.log(JSON.stringify({ path: process.execPath, version: process.version }))";
  const { status, stdout } = spawnSync("node", ["-e", script], { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout) : undefined;
}
