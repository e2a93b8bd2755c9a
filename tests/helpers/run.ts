/** Runs a program to its end. */
import { spawn } from "node:child_process";
import process from "node:process";
import { isGrpcJs } from "./engine.ts";
import { within } from "./wait.ts";

/** What a program printed and how it ended. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is run with. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a program with these variables beside those of this process. */
export function run(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  return runLong(command, options, 60_000);
}

/** How often a program is run again that node:http2 has crashed. */
const MAX_CRASHES = 3;

/** The same with another limit. With grpc-js, a crash of Deno's own is no fault of the program's. */
export async function runLong(
  command: readonly [string, ...string[]],
  options: RunOptions,
  limitMs: number,
): Promise<RunResult> {
  for (let crashes = 1;; crashes++) {
    const result = await runOnce(command, options, limitMs);
    const isCrash = isGrpcJs && /nghttp2_session\.c:.* Assertion/.test(result.stderr);
    if (!isCrash || crashes === MAX_CRASHES) return result;
    console.log("Deno crashed in node:http2 (denoland/deno#36788): once more");
  }
}

function runOnce(
  [program, ...args]: readonly [string, ...string[]],
  options: RunOptions,
  limitMs: number,
): Promise<RunResult> {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdio: "pipe",
  });
  child.stdin.on("error", () => {}); // It may end before it has read everything.
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => stdout += chunk);
  child.stderr.on("data", (chunk) => stderr += chunk);
  const ended = new Promise<RunResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return within(ended, `the end of ${program} ${args.join(" ")}`, limitMs).catch((error) => {
    child.kill("SIGKILL");
    throw new Error(`${error.message}\n${stdout}\n${stderr}`);
  });
}
