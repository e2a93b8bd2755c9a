/** grpcurl, built once: a judge of what we tell of our services. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { goTool } from "../helpers/go_tool.ts";

const VERSION = "v1.9.3";
const PACKAGE = "github.com/fullstorydev/grpcurl/cmd/grpcurl";
const LIMIT_MS = 30_000;

/** Runs grpcurl without TLS, and returns what it prints. */
export async function grpcurl(...args: string[]): Promise<string> {
  const program = await goTool(PACKAGE, VERSION);
  const { stdout } = await promisify(execFile)(program, ["-plaintext", ...args], {
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  return stdout;
}
