/** A session of ours with hashicorp/yamux, in a process of its own, at the other end. */
import type { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { YamuxOptions } from "../../../src/mux/options.ts";
import { YamuxSession } from "../../../src/mux/session.ts";
import type { YamuxStream } from "../../../src/mux/stream.ts";
import type { YamuxRole } from "../../../src/mux/stream_ids.ts";
import { until, within } from "../../helpers/wait.ts";

/** What to start: `role` is ours, Go has the other one. */
export interface GoPeerOptions {
  readonly program: string;
  readonly role: YamuxRole;
  readonly network: string;
  /** Flags of the Go program. */
  readonly flags?: readonly string[];
  /** Options of our session. */
  readonly session?: Partial<YamuxOptions>;
}

/** Both ends. */
export class GoPeer {
  readonly session: YamuxSession;
  readonly connection: Socket;
  readonly child: ChildProcess;
  /** What Go has said on stdout, after its address. */
  readonly lines: string[];
  /** What hashicorp/yamux has logged. */
  readonly log: string[];
  readonly exited: Promise<number | string | null>;

  private constructor(
    child: ChildProcess,
    connection: Socket,
    session: YamuxSession,
    output: { lines: string[]; log: string[]; exited: Promise<number | string | null> },
  ) {
    this.child = child;
    this.connection = connection;
    this.session = session;
    this.lines = output.lines;
    this.log = output.log;
    this.exited = output.exited;
  }

  /** Starts Go, connects, runs, and leaves nothing behind. */
  static async use(options: GoPeerOptions, run: (peer: GoPeer) => Promise<void>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "yamux-"));
    const address = options.network === "unix" ? join(directory, "s") : "127.0.0.1:0";
    const child = spawn(options.program, [
      `-role=${options.role === "client" ? "server" : "client"}`,
      `-network=${options.network}`,
      `-address=${address}`,
      ...options.flags ?? [],
    ], { stdio: "pipe" });
    try {
      const lines: string[] = [];
      const log: string[] = [];
      child.stdin.on("error", () => {}); // It may have ended.
      readLines(child.stdout, lines);
      readLines(child.stderr, log);
      const exited = new Promise<number | string | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => resolve(signal ?? code));
      });
      exited.catch(() => {});
      await until(() => lines.length > 0, "Go's address");
      const connection = await dial(options.network, lines.shift()!);
      const session = new YamuxSession(connection, { role: options.role, ...options.session });
      try {
        await run(new GoPeer(child, connection, session, { lines, log, exited }));
      } finally {
        await session.close();
      }
    } finally {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Opens a stream and asks Go for something. */
  async ask(command: string): Promise<YamuxStream> {
    const stream = await this.session.open();
    stream.write(`${command}\n`);
    return stream;
  }

  /** Waits for a line of Go's, by its beginning, and gives the rest. */
  async line(beginning: string): Promise<string> {
    const find = () => this.lines.find((line) => line.startsWith(beginning));
    await until(() => find() !== undefined, `"${beginning}" among ${JSON.stringify(this.lines)}`);
    return find()!.slice(beginning.length);
  }

  /** Ends the session, and Go with it; gives its exit code. */
  async end(): Promise<number | string | null> {
    await this.session.close();
    return await within(this.exited, "the end of Go");
  }
}

function readLines(stream: NodeJS.ReadableStream, lines: string[]): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string | Buffer) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
  });
}

async function dial(network: string, address: string): Promise<Socket> {
  const colon = address.lastIndexOf(":");
  const target = network === "unix"
    ? { path: address }
    : { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  const socket = connect(target);
  await within(
    new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    }),
    "the connection",
  );
  return socket;
}
