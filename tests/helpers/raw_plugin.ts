/** A plugin started without our host: what it prints, and how it ends. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import type { ExitStatus } from "@x/goplugin";
import type { Command } from "./program.ts";
import { within } from "./wait.ts";

/** A plugin's process as a host of whatever kind sees it. */
export interface RawPlugin {
  /** Its process id. */
  readonly pid: number;
  /** What it has printed so far, on stdout and stderr. */
  printed(): string;
  /** Ends its stdin, if that is a pipe. */
  closeStdin(): void;
  /**
   * Sends SIGTERM. Not by `ChildProcess.kill`: after that, Deno 2.9 reports the
   * signal as the end of a process that exited by itself.
   */
  terminate(): void;
  /** The first line on stdout, or all of it if the process ends before one is complete. */
  readonly line: Promise<string>;
  /** How it ended and what it printed. */
  readonly ended: Promise<ExitStatus & { stdout: string; stderr: string }>;
}

/** Starts a plugin with these variables beside those of this process. */
export function startRaw(
  [program, ...args]: Command,
  env: Readonly<Record<string, string>> = {},
  stdin: "ignore" | "pipe" = "ignore",
): RawPlugin {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: [stdin, "pipe", "pipe"],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  child.stdin?.on("error", () => {}); // It may have ended before.
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk) => stderr += chunk);
  const line = new Promise<string>((resolve) => {
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.includes("\n")) resolve(stdout.slice(0, stdout.indexOf("\n")));
    });
    child.stdout.on("end", () => resolve(stdout));
  });
  const ended = new Promise<ExitStatus & { stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    pid: child.pid as number,
    printed: () => stdout + stderr,
    closeStdin: () => void child.stdin?.end(),
    terminate: () => void process.kill(child.pid as number, "SIGTERM"),
    line: within(line, "the handshake line"),
    ended: within(ended, "the end of the plugin"),
  };
}

/** The variables that make the fixture plugins start. */
export const FIXTURE_ENV = { FIXTURE_PLUGIN: "fixture", PLUGIN_PROTOCOL_VERSIONS: "1" };
