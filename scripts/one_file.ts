/** One-file plugins: a program of the working tree with everything that it imports. */
import { PROJECT_ROOT } from "../tests/helpers/cache.ts";
import { runDeno } from "./run_deno.ts";

/** Packages that a plugin with embedded descriptors never loads; the last one is how JSR names them. */
const UNNEEDED = [
  "@grpc/grpc-js",
  "@grpc/proto-loader",
  "@peculiar/x509",
  "reflect-metadata",
  "npm:*",
];

/** The flags of `deno bundle` for each form that docs/one-file.md describes. */
export const FORMS = {
  full: [],
  minified: ["--minify"],
  lean: ["--minify", ...UNNEEDED.map((name) => `--external=${name}`)],
} as const satisfies Record<string, readonly string[]>;

/** A form of a one-file plugin. */
export type Form = keyof typeof FORMS;

/** Writes a program into one file; both paths are absolute, or seen from the folder. */
export async function bundle(
  entry: string,
  output: string,
  form: Form,
  folder: string = PROJECT_ROOT,
): Promise<void> {
  await runDeno(["bundle", "--quiet", ...FORMS[form], "--output", output, entry], folder);
}
