/** The columns of the benchmark: which host is run against which plugin. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { nodeProject } from "../scripts/node_project.ts";
import { TABLES } from "./tables.ts";
import { goMissing, goProgram } from "../tests/helpers/go.ts";

/** A host and a plugin. */
export interface Pair {
  readonly name: string;
  readonly host: readonly string[];
  readonly plugin: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** This module's two engines, and what others build upon. */
const KINDS = {
  "engine alone": { folder: "bare/", engine: "own" },
  "on grpc-js": { folder: "", engine: "grpc-js" },
  "grpc-js alone": { folder: "bare/", engine: "grpc-js" },
  "node:http2 alone": { folder: "bare/", engine: "http2" },
};

/** A plugin is started without arguments. */
function executable(folder: string, name: string, command: readonly string[]): string {
  const path = join(folder, name.replace(/\W/g, "-"));
  writeFileSync(path, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(" ")}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Builds what there is to build; a folder is needed for what starts the plugins. */
export async function makePairs(folder: string): Promise<Pair[]> {
  const node = await nodeProject();
  const here = fileURLToPath(new URL(".", import.meta.url));
  const programs = {
    deno: (name: string) => [process.execPath, "run", "-A", join(here, `${name}.ts`)],
    node: (name: string) => ["node", join(node, "bench", `${name}.js`)],
  };
  const runtimes = Object.entries(programs);
  const [hosts, plugins] = [new Map<string, string[]>(), new Map<string, string>()];
  const missing = goMissing();
  if (missing === undefined) {
    hosts.set("go", [await goProgram("bench-host")]);
    plugins.set("go", await goProgram("bench-plugin"));
  } else {
    console.log(`Without Go: ${missing}`);
  }
  for (const [runtime, program] of runtimes) {
    hosts.set(runtime, program("host"));
    plugins.set(runtime, executable(folder, runtime, program("plugin")));
  }
  const mixed = (TABLES["With Go"] ?? []).flatMap((name): Pair[] => {
    const [host, plugin] = name.split("*").map((side, i) => [hosts, plugins][i]?.get(side));
    if (host === undefined || plugin === undefined) return [];
    return [{ name, host: host as string[], plugin: [plugin as string], env: {} }];
  });
  const references = runtimes.flatMap(([runtime, program]) =>
    Object.entries(KINDS).map(([kind, { folder: place, engine }]): Pair => {
      const name = `${runtime} ${kind}`;
      return {
        name,
        host: program(`${place}host`),
        plugin: [executable(folder, name, program(`${place}plugin`))],
        env: { BENCH_ENGINE: engine },
      };
    })
  );
  return [...mixed, ...references];
}
