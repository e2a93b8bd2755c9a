/**
 * The Python that the programs in `tests/interop/python/` run on: a virtual
 * environment with python-plugin, the Python port of go-plugin.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  cacheFolder,
  type Probe,
  probeTool,
  PROJECT_ROOT,
  reasonToSkip,
  runTool,
  temporaryName,
} from "./cache.ts";

const REQUIREMENT = "python-plugin==0.1.0";
const WINDOWS = process.platform === "win32";
const COMMAND = WINDOWS ? "python" : "python3";

/** Fails where python-plugin or the making of an environment would. */
const QUESTION = `
import sys
found = "%d.%d" % sys.version_info[:2]
if sys.version_info < (3, 10):
    sys.exit("Python 3.10 or newer is needed, found " + found)
import ensurepip, venv
print(found)
`;

let probe: Probe | undefined;

function probePython(): Probe {
  return probe ??= probeTool(COMMAND, ["-c", QUESTION]);
}

/**
 * Why the tests that need Python cannot run, for `test(name, { skip }, …)`, or
 * `undefined` when they can.
 *
 * @throws {Error} If it is missing and the environment variable `CI` is set.
 */
export function pythonMissing(): string | undefined {
  return reasonToSkip(probePython());
}

/** The absolute path of one of our Python programs. */
export function pythonProgram(name: "kv_host" | "kv_plugin"): string {
  return join(PROJECT_ROOT, "tests", "interop", "python", `${name}.py`);
}

let environment: Promise<string> | undefined;

/**
 * The absolute path of a Python that has python-plugin. The first call ever
 * makes the environment and downloads what it holds.
 */
export function pythonEnvironment(): Promise<string> {
  return environment ??= makeEnvironment();
}

function pythonIn(folder: string): string {
  return WINDOWS ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

async function makeEnvironment(): Promise<string> {
  const { output: version, missing } = probePython();
  if (missing !== undefined) throw new Error(missing);
  // Packages are installed for one version of Python, so its number is in the
  // name; an environment whose Python has been removed counts as not there.
  const name = `${version}-${REQUIREMENT.replace("==", "-")}`;
  const folder = join(await cacheFolder("python"), name);
  const python = pythonIn(folder);
  if (existsSync(python)) return python;

  const fresh = temporaryName(folder);
  try {
    await runTool(COMMAND, ["-m", "venv", fresh]);
    await runTool(pythonIn(fresh), [
      ...["-m", "pip", "install", "--quiet", "--no-input"],
      ...["--disable-pip-version-check", REQUIREMENT],
    ]);
    // The rename marks it as complete. Scripts such as bin/pip keep the old
    // path in their first line; bin/python, the one used here, has none.
    await rename(fresh, folder).catch(async (error) => {
      if (existsSync(python)) return; // another process was first
      if (!existsSync(folder)) throw error;
      await rm(folder, { recursive: true });
      await rename(fresh, folder);
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return python;
}
