/**
 * Builds what a provider is judged by, from the Go module proxy: OpenTofu, and
 * a provider in Go. The version of each is the one that its go.mod names.
 *
 *     deno run -A tests/tofu/build.ts [tofu] [provider-time]     builds, and prints the paths
 */
import { readFileSync } from "node:fs";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { probeTool, PROJECT_ROOT, reasonToSkip, runTool, temporaryName } from "../helpers/cache.ts";

/** OpenTofu takes five minutes on two processors that have nothing else to do. */
const BUILD_LIMIT_MS = 30 * 60_000;

/** Each program's module of ours, the module it comes from, and its package there. */
const PROGRAMS = {
  "tofu": ["tests/tofu", "github.com/opentofu/opentofu", "/cmd/tofu"],
  "provider-time": [
    "tests/tofu/provider-time",
    "github.com/hashicorp/terraform-provider-time",
    "",
  ],
} as const;

/** A program that {@linkcode tofuProgram} can build. */
export type TofuProgram = keyof typeof PROGRAMS;

/**
 * Where these builds stay: in the folder that `GOPLUGIN_CACHE` names, else in
 * the user's own cache, because a build of OpenTofu takes minutes and does not
 * depend on the checkout.
 */
function buildFolder(): string {
  const { GOPLUGIN_CACHE, XDG_CACHE_HOME } = process.env;
  const base = GOPLUGIN_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "goplugin");
  return join(base, "tofu");
}

/** The version of a program, without `v`. */
export function tofuProgramVersion(name: TofuProgram): string {
  const [folder, module] = PROGRAMS[name];
  const goMod = join(PROJECT_ROOT, folder, "go.mod");
  const line = readFileSync(goMod, "utf8").split("\n").find((line) => line.includes(`${module} v`));
  const version = line?.match(/ v([^ ]+)/)?.[1];
  if (version === undefined) {
    throw new Error(`Cannot tell the version of ${name}: "${goMod}" does not require ${module}`);
  }
  return version;
}

/** Where the program is once it is built. */
function programPath(name: TofuProgram): string {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const version = tofuProgramVersion(name);
  // A provider's file has the name that discovery looks for.
  return name === "tofu"
    ? join(buildFolder(), `tofu-${version}${suffix}`)
    : join(buildFolder(), `${name}-${version}`, `terraform-${name}${suffix}`);
}

/**
 * Why the tests that need a program cannot run, or `undefined` when they can:
 * it is built, or there is a Go that can build it.
 *
 * @throws {Error} If there is neither and the environment variable `CI` is set.
 */
export async function tofuProgramMissing(name: TofuProgram): Promise<string | undefined> {
  if (await exists(programPath(name))) return undefined;
  // Unlike "go version" this fails for a Go older than go.mod asks for.
  return reasonToSkip(probeTool("go", ["list", "-m"], join(PROJECT_ROOT, PROGRAMS[name][0])));
}

const builds = new Map<TofuProgram, Promise<string>>();
let lastBuild: Promise<unknown> = Promise.resolve();

/**
 * The absolute path of a program; built if it is not there in this version.
 * With empty caches OpenTofu takes minutes.
 */
export function tofuProgram(name: TofuProgram): Promise<string> {
  let build = builds.get(name);
  if (build === undefined) {
    // One after the other: together they would want twice the memory.
    build = lastBuild.then(() => buildProgram(name));
    lastBuild = build.catch(() => {}); // whoever asked for it hears of it
    builds.set(name, build);
  }
  return build;
}

async function buildProgram(name: TofuProgram): Promise<string> {
  const program = programPath(name);
  if (await exists(program)) return program;
  await mkdir(join(program, ".."), { recursive: true });
  const [folder, module, path] = PROGRAMS[name];
  const fresh = temporaryName(program);
  const flags = ["-mod=readonly", "-buildvcs=false", "-ldflags", "-s -w"];
  try {
    await runTool("go", ["build", ...flags, "-o", fresh, module + path], {
      cwd: join(PROJECT_ROOT, folder),
      // No C compiler needed, and no go.work of a folder above has a say.
      env: { CGO_ENABLED: "0", GOWORK: "off" },
      limitMs: BUILD_LIMIT_MS,
    });
    await rename(fresh, program);
  } finally {
    await rm(fresh, { force: true });
  }
  return program;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}

if (import.meta.main) {
  const names = Object.keys(PROGRAMS) as TofuProgram[];
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !names.includes(name as TofuProgram));
  if (unknown !== undefined) {
    process.stderr.write(`Cannot build "${unknown}": there are ${names.join(", ")}\n`);
    process.exit(2);
  }
  for (const name of names) {
    if (asked.length === 0 || asked.includes(name)) console.log(await tofuProgram(name));
  }
}
