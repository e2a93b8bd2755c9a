/** Processes for the tests of what every platform adapter does. */
import type { ExitStatus } from "../../src/errors.ts";
import { type ChildProcess, loadRuntime, type SpawnOptions } from "../../src/runtime/runtime.ts";
import type { Command } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";

/** What a test has to say beside the command line. */
export type Settings = Partial<Omit<SpawnOptions, "program" | "args">>;

/** What a process wrote and how it ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: ExitStatus;
}

/** The command that runs a line of the shell. */
export function shell(line: string, ...args: string[]): Command {
  return ["sh", "-c", line, "sh", ...args];
}

/** Starts a process with nothing on its stdin, unless the test says otherwise. */
export async function start(
  [program, ...args]: Command,
  settings: Settings = {},
): Promise<ChildProcess> {
  const runtime = await loadRuntime();
  const defaults = { env: {}, inheritEnv: true, withoutEnv: [], stdin: "null" } as const;
  return await runtime.spawn({ ...defaults, ...settings, program, args });
}

/** Runs a process to its end. */
export async function run(command: Command, settings: Settings = {}): Promise<Outcome> {
  return await outcomeOf(await start(command, settings));
}

/** Waits for a process to end and its pipes to close. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const all = Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  const [stdout, stderr, exit] = await within(all, `the end of process ${child.pid}`);
  return { stdout, stderr, exit };
}

/** All that comes, as text. */
export function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

/** Reads lines one by one; gives `undefined` at the end. */
export function lineReader(
  stream: ReadableStream<Uint8Array>,
): () => Promise<string | undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return async () => {
    while (!text.includes("\n")) {
      const { done, value } = await within(reader.read(), "the next line");
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
    const end = text.indexOf("\n");
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return line;
  };
}
