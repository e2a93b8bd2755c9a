/** The right that starting a program takes. */
import { delimiter, join } from "node:path";
import type { Access, Runtime, SpawnOptions } from "./runtime.ts";

/**
 * The right to start a program, as Deno decides it: a bare name is looked up in
 * the `PATH` that the program is given, a relative path is one of the directory
 * that it runs in, and `LD_*` variables take the right to run anything.
 */
export function runNeed(
  { permits }: Pick<Runtime, "permits">,
  { program, cwd, env }: Pick<SpawnOptions, "program" | "cwd" | "env">,
): Access {
  if (Object.keys(env).some((name) => /^(LD|DYLD)_/.test(name))) return { kind: "run" };
  if (/^([/\\]|[A-Za-z]:)/.test(program)) return { kind: "run", program };
  if (/[/\\]/.test(program)) {
    return { kind: "run", program: cwd === undefined ? program : join(cwd, program) };
  }
  const found = (env.PATH ?? "").split(delimiter).filter((directory) => directory !== "")
    .map((directory): Access => ({ kind: "run", program: join(directory, program) }))
    .find((access) => permits(access));
  return found ?? { kind: "run", program };
}
