/** grpcurl, built once: a judge of what we tell of our services. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { cacheFolder, runTool, temporaryName } from "../helpers/cache.ts";

const VERSION = "v1.9.3";
const PACKAGE = `github.com/fullstorydev/grpcurl/cmd/grpcurl@${VERSION}`;
const LIMIT_MS = 30_000;

let program: Promise<string> | undefined;

async function build(): Promise<string> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const target = join(await cacheFolder("go"), `grpcurl-${VERSION}${suffix}`);
  if (existsSync(target)) return target;
  const fresh = temporaryName(target);
  try {
    await runTool("go", ["install", PACKAGE], {
      env: { GOBIN: fresh, GOWORK: "off", CGO_ENABLED: "0" },
    });
    await rename(join(fresh, `grpcurl${suffix}`), target);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return target;
}

/** Runs grpcurl without TLS, and returns what it prints. */
export async function grpcurl(...args: string[]): Promise<string> {
  program ??= build();
  const { stdout } = await promisify(execFile)(await program, ["-plaintext", ...args], {
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  return stdout;
}
