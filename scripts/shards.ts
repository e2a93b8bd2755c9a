/** The parts that the tests on Deno run in, each a process: balanced, so that they end at about the same time. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Tests of the engine against grpc-go and h2spec: `deno task test:engine` runs them. */
const OF_THE_ENGINE = /^(engine_\w+|engine|h2spec)_test\.ts$/;

const tests = new URL("../tests/", import.meta.url);

const interop = readdirSync(new URL("interop/", tests))
  .filter((name) => name.endsWith("_test.ts") && !OF_THE_ENGINE.test(name))
  .sort().map((name) => `tests/interop/${name}`);

/** What stands in the tests' folder, and is not a shard of its own. */
const rest = readdirSync(fileURLToPath(tests))
  .filter((name) => !["interop", "lifecycle", "docs"].includes(name))
  .filter((name) => !name.includes(".") || name.endsWith("_test.ts"))
  .filter((name) => !["fixtures", "helpers"].includes(name))
  .sort().map((name) => `tests/${name}`);

/** The arguments of `deno test`, by the name of the shard. */
export const SHARDS: Readonly<Record<string, readonly string[]>> = {
  interop,
  lifecycle: ["tests/lifecycle", "tests/docs"],
  rooms: ["--doc", "mod.ts", "host.ts", "plugin.ts", "testing.ts", "src", ...rest],
};
