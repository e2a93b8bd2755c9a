/**
 * A host whose plugin runs in a sandbox: see bubblewrap.ts.
 *
 *     deno run -A examples/sandbox/host.ts
 *
 * AUTO_MTLS=0 connects in clear.
 */
import { createServer } from "node:net";
import { homedir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client, createLogger, formatAddress, implement } from "@x/goplugin";
import { bubblewrap } from "./bubblewrap.ts";
import { ExplorerService, handshake, NotesService } from "./explorer.ts";

// The plugin beside this file, by the runtime that runs this file. Both are
// shown to the sandbox, with the project that holds the plugin's modules.
const isDeno = "Deno" in globalThis;
const project = fileURLToPath(new URL("../..", import.meta.url));
const inside = "/app/examples/sandbox";
const { DENO_DIR = `${homedir()}/.cache/deno`, AUTO_MTLS } = process.env;

const client = new Client({
  handshake,
  plugins: { explorer: ExplorerService },
  runner: bubblewrap({
    // What the plugin may do, the sandbox decides.
    command: isDeno
      ? ["/runtime", "run", "-A", "--cached-only", `${inside}/plugin.ts`]
      : ["/runtime", `${inside}/plugin.js`],
    files: {
      "/app": project,
      "/runtime": process.execPath,
      ...(isDeno && { "/deno": DENO_DIR }),
    },
    env: { DENO_DIR: "/deno", DENO_NO_UPDATE_CHECK: "1" },
  }),
  autoMtls: AUTO_MTLS !== "0",
  logger: createLogger({ name: "host", level: "warn" }),
});

/** What only this side can read. */
const NOTES = new Map([["today", "water the plants"]]);
const notes = implement(NotesService, { read: ({ name }) => ({ text: NOTES.get(name) ?? "" }) });

// Something on this machine's network that the plugin is not to reach.
const server = createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const { port } = server.address() as { port: number };

try {
  const explorer = await client.dispense("explorer");
  const id = client.broker.nextId();
  await using _served = await client.broker.serve(id, notes);
  const report = await explorer.explore({ notes: id, home: homedir(), port });
  console.log(`Its socket is ${formatAddress(await client.start())} here`);
  console.log(`The plugin sees ${report.root.join(" ")}`);
  console.log(`Your home directory: ${report.seesHome ? "there" : "not there"}`);
  console.log(`Your network: ${report.reachesPort ? "in reach" : "out of reach"}`);
  console.log(`The system's files: ${report.canWrite ? "writable" : "read only"}`);
  console.log(`Your note, which it read by the host: ${report.note}`);
} finally {
  server.close();
  const { step, code, signal } = await client.kill();
  console.log(`The plugin ended by ${step}: ${signal ?? `exit code ${code}`}`);
}
