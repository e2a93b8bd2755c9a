/** Programs of ours as child processes, on the runtime that the tests run on. */
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A command line as `Client` takes it. */
export type Command = [program: string, ...args: string[]];

/** Whether the tests run from sources, on Deno, or from the npm build, on Node. */
export const isDeno: boolean = "Deno" in globalThis;

/**
 * The command that runs one of the project's modules on this runtime.
 *
 * @param module The module without its ending, from the project's root: `tests/fixtures/silent`.
 * @param flags Deno's flags; everything is allowed if left out.
 */
export function moduleCommand(module: string, flags: readonly string[] = ["-A"]): Command {
  const ending = isDeno ? "ts" : "js";
  const file = fileURLToPath(new URL(`../../${module}.${ending}`, import.meta.url));
  return isDeno ? [process.execPath, "run", ...flags, file] : [process.execPath, file];
}

/** The command that runs a plugin with one habit: see `tests/fixtures`. */
export function fixture(name: string, ...args: string[]): Command {
  return [...moduleCommand(`tests/fixtures/${name}`), ...args];
}
