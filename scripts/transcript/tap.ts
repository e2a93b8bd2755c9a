/**
 * Stands between a host and a plugin and writes down what passes: the
 * environment, the line, and the bytes of every connection, those of the
 * broker too. A host starts it in the plugin's place.
 *
 *     TRANSCRIPT=FILE deno run -A scripts/transcript/tap.ts PLUGIN [ARGUMENT…]
 *
 * Nothing is changed on the way. A socket that is announced is moved aside, and
 * its place taken before the announcement goes on.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, renameSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { connect } from "node:net";
import process from "node:process";
import type { Side, TapEvent } from "./events.ts";

const { TRANSCRIPT = "" } = process.env;
const [program = "", ...args] = process.argv.slice(2);
const servers = new Map<string, Server>();
let connections = 0;

function note(event: TapEvent): void {
  appendFileSync(TRANSCRIPT, `${JSON.stringify(event)}\n`);
}

/** Takes the place of a socket that one side serves. */
async function takePlace(path: string, owner: Side): Promise<void> {
  if (servers.has(path) || !existsSync(path)) return;
  const aside = `${path}.aside`;
  renameSync(path, aside);
  const server = createServer((socket) => relay(socket, aside, owner));
  servers.set(path, server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

function relay(near: Socket, path: string, owner: Side): void {
  const connection = ++connections;
  const dialler = owner === "host" ? "plugin" : "host";
  note({ kind: "connect", connection, from: dialler });
  const far = connect(path);
  void pass(near, far, connection, dialler);
  void pass(far, near, connection, owner);
}

/** One direction of a connection. */
async function pass(from: Socket, to: Socket, connection: number, side: Side): Promise<void> {
  try {
    for await (const bytes of from as AsyncIterable<Uint8Array>) {
      note({ kind: "bytes", connection, from: side, hex: Buffer.from(bytes).toString("hex") });
      // A socket of the broker is announced in clear, or not at all.
      const text = Buffer.from(bytes).toString("latin1");
      for (const [path] of text.matchAll(/\/[\w./-]+\/plugin\d+/g)) await takePlace(path, side);
      to.write(bytes);
    }
  } catch {
    // The other direction says how it ended.
  }
  note({ kind: "end", connection, from: side });
  to.end();
}

const names = Object.keys(process.env).filter((name) => /^(BASIC_PLUGIN|PLUGIN_)/.test(name));
note({
  kind: "environment",
  variables: Object.fromEntries(names.sort().map((name) => [name, process.env[name] ?? ""])),
});
const child = spawn(program, args, { stdio: ["inherit", "pipe", "inherit"] });
let line = "";
child.stdout.on("data", async (chunk: Uint8Array) => {
  const isFirst = !line.includes("\n");
  line += chunk;
  if (!isFirst || !line.includes("\n")) return;
  note({ kind: "line", line: line.trimEnd() });
  const [, , network, path = ""] = line.split("|");
  if (network === "unix") await takePlace(path, "plugin");
  process.stdout.write(line);
});
child.on("close", (code) => {
  note({ kind: "exit", code });
  process.exit(code ?? 1);
});
