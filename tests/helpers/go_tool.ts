/** Programs in Go that are no part of the project, from the Go module proxy, built once. */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cacheFolder, runTool, temporaryName } from "./cache.ts";

const builds = new Map<string, Promise<string>>();

/**
 * Builds a program unless it is there, and returns the absolute path of its
 * executable, which is named for its version.
 *
 * @param package_ The package to install: `example.com/tools/cmd/judge`.
 * @param version One that does not move: `v1.2.3`.
 */
export function goTool(package_: string, version: string): Promise<string> {
  const source = `${package_}@${version}`;
  let build = builds.get(source);
  if (!build) {
    build = buildTool(source);
    builds.set(source, build);
  }
  return build;
}

async function buildTool(source: string): Promise<string> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const [name = "", version] = source.slice(source.lastIndexOf("/") + 1).split("@");
  const program = join(await cacheFolder("go"), `${name}-${version}${suffix}`);
  if (existsSync(program)) return program;
  const folder = temporaryName(program);
  try {
    await runTool("go", ["install", source], {
      env: { GOBIN: folder, GOWORK: "off", CGO_ENABLED: "0" },
    });
    await rename(join(folder, name + suffix), program);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return program;
}
