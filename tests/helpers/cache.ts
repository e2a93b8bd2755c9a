/**
 * Where the programs that tests build go, and the running of the foreign tools
 * that build them. The programs stay from one run to the next, so that only
 * the first run waits for compilers and downloads.
 *
 * @module
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Long enough for a first build that downloads its modules. */
const BUILD_LIMIT_MS = 10 * 60_000;
/** A Go may fetch the toolchain a module asks for before it says a word. */
const PROBE_LIMIT_MS = 2 * 60_000;

/**
 * The project's folder. It is looked for upwards, because a build for Node may
 * place this file elsewhere below it.
 */
export const PROJECT_ROOT: string = findProjectRoot(
  dirname(fileURLToPath(import.meta.url)),
);

function findProjectRoot(start: string): string {
  let folder = start;
  while (!existsSync(join(folder, "tests", "interop", "go.mod"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(
        `Cannot find the project's root: looked above "${start}"`,
      );
    }
    folder = parent;
  }
  return folder;
}

/**
 * A folder for test builds, made if it does not exist: `.cache/NAME` in the
 * project, or `NAME` in the folder that `GOPLUGIN_CACHE` names.
 */
export async function cacheFolder(name: string): Promise<string> {
  const base = process.env.GOPLUGIN_CACHE || ".cache";
  const folder = join(resolve(PROJECT_ROOT, base), name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * A name beside the final one that no other process picks: what is built there
 * is renamed when it is complete, so that nobody runs half a program.
 */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
}

/** A tool's answer, or why there is none. */
export type Probe =
  | { readonly output: string; readonly missing?: never }
  | { readonly output?: never; readonly missing: string };

/** Asks a tool a question that only a usable one can answer. */
export function probeTool(
  command: string,
  args: readonly string[],
  cwd: string = PROJECT_ROOT,
): Probe {
  const { error, status, stdout, stderr } = spawnSync(command, [...args], {
    cwd,
    encoding: "utf8",
    timeout: PROBE_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  if (error) return { missing: `cannot run ${command}: ${error.message}` };
  if (status === 0) return { output: stdout.trim() };
  const lastLine = stderr.trim().split("\n").at(-1);
  return { missing: `cannot use ${command}: ${lastLine || `exit ${status}`}` };
}

/**
 * The reason to skip a test, or `undefined`. Under CI a missing tool is an
 * error: the job that is there to run these tests must not pass without them.
 */
export function reasonToSkip(probe: Probe): string | undefined {
  if (probe.missing !== undefined && process.env.CI) {
    throw new Error(`The tests for CI need it, but ${probe.missing}`);
  }
  return probe.missing;
}

/**
 * Runs a build tool to its end.
 *
 * @throws {Error} If it fails or takes too long; the message carries what the
 * tool printed on stderr.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly limitMs?: number;
  } = {},
): Promise<void> {
  const { limitMs = BUILD_LIMIT_MS } = options;
  await new Promise<void>((done, fail) => {
    execFile(command, [...args], {
      cwd: options.cwd ?? PROJECT_ROOT,
      env: { ...process.env, ...options.env },
      timeout: limitMs,
      killSignal: "SIGKILL",
    }, (error, _stdout, stderr) => {
      if (!error) return done();
      const found = error.killed
        ? `it took more than ${limitMs / 1000} s`
        : stderr.trim() || error.message;
      const line = [command, ...args].join(" ");
      fail(new Error(`Cannot run "${line}": ${found}`, { cause: error }));
    });
  });
}
