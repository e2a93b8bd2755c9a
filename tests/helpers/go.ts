/**
 * Builds the Go programs that tests run against: upstream's own examples, our
 * programs in `tests/interop/`, and the host template in `examples/kv/go-host`.
 *
 * @module
 */
import { constants } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
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

const INTEROP = "tests/interop";
const ENGINE = "tests/interop/engine";
const GRPC = "google.golang.org/grpc/interop";
const UPSTREAM = "github.com/hashicorp/go-plugin/examples";

/** Each program's module folder, and its package as seen from there. */
const PROGRAMS = {
  "kv-host": ["examples/kv/go-host", "."],
  "kv-plugin": [INTEROP, "./kv-plugin"],
  "streaming-host": [INTEROP, "./streaming-host"],
  "negotiated-host": [INTEROP, "./negotiated-host"],
  "counter-host": [INTEROP, "./counter-host"],
  "discoverer": [INTEROP, "./discoverer"],
  "socket-host": [INTEROP, "./socket-host"],
  "test-plugin": [INTEROP, "./test-plugin"],
  "reattach-host": [INTEROP, "./reattach-host"],
  "cert-judge": [INTEROP, "./cert-judge"],
  "cert-thief": [INTEROP, "./cert-thief"],
  "tls-plugin": [INTEROP, "./tls-plugin"],
  "yamux-peer": [INTEROP, "./yamux-peer"],
  "grpc-client": [ENGINE, `${GRPC}/client`],
  "grpc-server": [ENGINE, `${GRPC}/server`],
  "storm": [ENGINE, "./storm"],
  "bidirectional-host": [INTEROP, "./bidirectional-host"],
  "bidirectional-plugin": [INTEROP, "./bidirectional-plugin"],
  "bench-host": ["bench/go", "./host"],
  "bench-plugin": ["bench/go", "./plugin"],
  "upstream-grpc-host": [INTEROP, `${UPSTREAM}/grpc`],
  "upstream-grpc-plugin": [INTEROP, `${UPSTREAM}/grpc/plugin-go-grpc`],
  "upstream-counter-host": [INTEROP, `${UPSTREAM}/bidirectional`],
  "upstream-counter-plugin": [INTEROP, `${UPSTREAM}/bidirectional/plugin-go-grpc`],
  "upstream-negotiated-host": [INTEROP, `${UPSTREAM}/negotiated`],
  "upstream-negotiated-plugin": [INTEROP, `${UPSTREAM}/negotiated/plugin-go`],
  "upstream-streaming-host": [INTEROP, `${UPSTREAM}/streaming`],
  "upstream-streaming-plugin": [INTEROP, `${UPSTREAM}/streaming/plugin`],
} as const satisfies Record<
  string,
  readonly [folder: string, package_: string]
>;

/** A program that {@linkcode goProgram} can build. */
export type GoProgram = keyof typeof PROGRAMS;

let probe: Probe | undefined;

/**
 * Why the tests that need Go cannot run, for `test(name, { skip }, …)`, or
 * `undefined` when they can.
 *
 * @throws {Error} If Go is missing and the environment variable `CI` is set.
 */
export function goMissing(): string | undefined {
  // Unlike "go version" this fails for a Go older than go.mod asks for.
  probe ??= probeTool("go", ["list", "-m"], join(PROJECT_ROOT, INTEROP));
  return reasonToSkip(probe);
}

const builds = new Map<GoProgram, Promise<string>>();
let lastBuild: Promise<unknown> = Promise.resolve();

/**
 * Builds a program and returns the absolute path of its executable. Go decides
 * by content whether there is anything to do, so an edited source is noticed
 * and an unchanged one costs a fifth of a second.
 */
export function goProgram(name: GoProgram): Promise<string> {
  let build = builds.get(name);
  if (!build) {
    // One after the other: two at once would compile what they share twice.
    build = lastBuild.then(() => buildProgram(name));
    lastBuild = build.catch(() => {}); // whoever asked for it hears of it
    builds.set(name, build);
  }
  return build;
}

async function buildProgram(name: GoProgram): Promise<string> {
  const [folder, package_] = PROGRAMS[name];
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = join(await cacheFolder("go"), name + suffix);
  const fresh = temporaryName(program);
  try {
    // Go links only if the output is out of date, so it is shown the last one.
    // A copy, as other processes may be running that one or building it too.
    await copyFile(program, fresh, constants.COPYFILE_FICLONE)
      .catch(() => {}); // the first build has none to show
    await runTool(
      "go",
      ["build", "-mod=readonly", "-buildvcs=false", "-o", fresh, package_],
      {
        cwd: join(PROJECT_ROOT, folder),
        // No C compiler needed, and no go.work of a folder above has a say.
        env: { CGO_ENABLED: "0", GOWORK: "off" },
      },
    );
    await rename(fresh, program);
  } finally {
    await rm(fresh, { force: true });
  }
  return program;
}
