/**
 * Builds the npm package in npm/: `deno pack` makes the modules and their
 * types, this adds what it leaves out of package.json.
 *
 *     deno task npm
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runDeno } from "./run_deno.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What npm wants to know and deno.json has no place for. */
const FIELDS = {
  description: "HashiCorp go-plugin for TypeScript: hosts and plugins, compatible with Go",
  keywords: ["go-plugin", "hashicorp", "plugin", "grpc", "terraform", "mtls"],
  repository: { type: "git", url: "git+https://github.com/x/goplugin.git" },
  engines: { node: ">=20" },
  sideEffects: false,
};

/** Builds the package in a folder and packs it; the result is the tarball's path. */
export async function buildNpm(folder = `${ROOT}npm`): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const packed = `${folder}/pack.tgz`;
  await runDeno(["pack", "-q", "--allow-dirty", "--no-source-maps", "-o", packed], ROOT);
  await run("tar", ["-xzf", packed, "-C", folder, "--strip-components=1"]);
  await rm(packed);
  const manifest = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  await writeFile(
    `${folder}/package.json`,
    JSON.stringify({ ...manifest, ...FIELDS }, null, 2) + "\n",
  );
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts"], { cwd: folder });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return `${folder}/${filename}`;
}

if (import.meta.main) console.log(await buildNpm());
