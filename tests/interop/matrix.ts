/** The combinations that every interop test runs: our programs on Deno and on Node, with AutoMTLS and without. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { nodeProject } from "../../scripts/node_project.ts";
import { probeTool, PROJECT_ROOT, reasonToSkip } from "../helpers/cache.ts";
import type { Command } from "../helpers/program.ts";

/** What runs our half of a pair. */
export type RuntimeName = "deno" | "node";

/** Both runtimes. */
export const RUNTIMES: readonly RuntimeName[] = ["deno", "node"];

/** Both ways to connect, as AUTO_MTLS says it. */
export const AUTO_MTLS: readonly string[] = ["1", "0"];

/** Why the tests that need Node cannot run, or `undefined`. */
export function runtimeMissing(name: RuntimeName): string | undefined {
  return name === "deno" ? undefined : reasonToSkip(probeTool("node", ["--version"]));
}

/** The command that runs one of our modules: sources on Deno, the installed npm package on Node. */
export async function ourProgram(
  runtime: RuntimeName,
  module: string,
  flags: readonly string[] = ["-A"],
): Promise<Command> {
  return runtime === "deno"
    ? [process.execPath, "run", ...flags, join(PROJECT_ROOT, `${module}.ts`)]
    : ["node", join(await nodeProject(), `${module}.js`)];
}

/** A command as the shell reads it. */
export function shellWords(command: readonly string[]): string {
  return command.map((word) => `'${word}'`).join(" ");
}

/**
 * Runs with an empty directory for temporary files, and says what is left in
 * it: nothing, if everybody cleans up.
 */
export async function inTemporaryDirectory<T>(
  use: (directory: string) => Promise<T>,
): Promise<{ result: T; left: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), "interop-"));
  try {
    const result = await use(directory);
    return { result, left: readdirSync(directory, { recursive: true }).map(String) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
