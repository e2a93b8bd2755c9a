/** The parts that the tests on Deno run in, each a process: balanced, so that they end at about the same time. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Tests of the engine against grpc-go and h2spec: `deno task test:engine` runs them. */
const OF_THE_ENGINE: readonly string[] = [
  "interop/engine_faults_test.ts",
  "interop/engine_load_test.ts",
  "interop/engine_test.ts",
  "interop/h2spec_test.ts",
];

const tests = new URL("../tests/", import.meta.url);

/** Tests that take long and concern few: `deno task test:more` runs them. */
const MORE: readonly string[] = [
  "docs/examples_test.ts",
  "docs/permissions_test.ts",
  "docs/terraform_host_test.ts",
  "interop/one_file_test.ts",
  "interop/own_tls_test.ts",
  "interop/terraform_host_test.ts",
  "interop/yamux_test.ts",
];

/** Whether `deno task test` leaves a test file to `deno task test:more`; the path is that below `tests/`. */
export function isRunApart(file: string): boolean {
  return MORE.includes(file);
}

/** The test files of a folder that `deno task test` runs. */
function filesOf(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, tests))
    .filter((name) => name.endsWith("_test.ts"))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !isRunApart(path) && !OF_THE_ENGINE.includes(path))
    .sort().map((path) => `tests/${path}`);
}

/** What stands in the tests' folder, and is not a shard of its own. */
const rest = readdirSync(fileURLToPath(tests))
  .filter((name) => !["interop", "lifecycle", "docs"].includes(name))
  .filter((name) => !name.includes(".") || name.endsWith("_test.ts"))
  .filter((name) => !["fixtures", "helpers"].includes(name))
  .sort().map((name) => `tests/${name}`);

/** The arguments of `deno test`, by the name of the shard. */
export const SHARDS: Readonly<Record<string, readonly string[]>> = {
  interop: filesOf("interop"),
  lifecycle: filesOf("lifecycle"),
  rooms: [
    "--doc",
    "mod.ts",
    "host.ts",
    "plugin.ts",
    "testing.ts",
    "src",
    ...filesOf("docs"),
    ...rest,
  ],
};

/** The shard that is run only if it is asked for by name. */
export const MORE_SHARD: Readonly<Record<string, readonly string[]>> = {
  more: MORE.map((path) => `tests/${path}`),
};
