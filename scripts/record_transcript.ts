/**
 * Records what the real go-plugin says on the wire, host and plugin both in Go,
 * and writes it into docs/protocol.md between the marks `<!-- NAME -->` and
 * `<!-- end -->`. Needs Go.
 *
 *     deno run -A scripts/record_transcript.ts [--print]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { goProgram } from "../tests/helpers/go.ts";
import type { TapEvent } from "./transcript/events.ts";
import { linesOf } from "./transcript/transcript.ts";

const PAGE = fileURLToPath(new URL("../docs/protocol.md", import.meta.url));
const TAP = fileURLToPath(new URL("./transcript/tap.ts", import.meta.url));
const LIMIT_MS = 60_000;

/** Lets go-plugin's host count with go-plugin's plugin, the tap between them. */
export async function record(env: Record<string, string>): Promise<string[]> {
  const [host, plugin] = [
    await goProgram("counter-host"),
    await goProgram("upstream-counter-plugin"),
  ];
  const folder = mkdtempSync(join(tmpdir(), "t"));
  try {
    const file = join(folder, "events");
    const child = spawn(host, ["key", "7"], {
      cwd: folder,
      env: {
        ...process.env,
        ...env,
        TMPDIR: folder,
        TRANSCRIPT: file,
        COUNTER_PLUGIN: `'${process.execPath}' run -A '${TAP}' '${plugin}'`,
      },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: LIMIT_MS,
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => stderr += chunk);
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`Cannot record: the host ended with ${code}: ${stderr}`);
    const events = readFileSync(file, "utf8").trimEnd().split("\n");
    return linesOf(events.map((line) => JSON.parse(line) as TapEvent))
      .map((line) => line.replaceAll(folder, "/tmp"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The part of a recording from the first line that fits to the one before the next that does. */
function part(lines: readonly string[], from: RegExp, to?: RegExp): string {
  const start = lines.findIndex((line) => from.test(line));
  const end = to === undefined ? -1 : lines.findIndex((line, i) => i > start && to.test(line));
  if (start < 0) throw new Error(`Cannot find ${from} in what was recorded`);
  return lines.slice(start, end < 0 ? undefined : end).join("\n");
}

/** Every transcript of the page, by its name there. */
export async function transcripts(): Promise<Record<string, string>> {
  const clear = await record({ AUTO_MTLS: "0" });
  const mtls = await record({ AUTO_MTLS: "1" });
  const multiplexed = await record({ AUTO_MTLS: "0", MULTIPLEX: "1" });
  const both = await record({ AUTO_MTLS: "1", MULTIPLEX: "1" });
  return {
    environment: part(clear, /^[A-Z_]+=/, /^1\|/),
    line: part(clear, /^1\|/, /^1 host/),
    connection: part(clear, /^1 host/, /Counter\/Put/),
    broker: part(clear, /Counter\/Put/, /Counter\/Get/),
    "end-of-life": part(clear, /GRPCController\/Shutdown/),
    certificate: part(mtls, /^PLUGIN_CLIENT_CERT=/, /^PLUGIN_MAX/),
    tls: part(mtls, /^1\|/, /^2 |closes/),
    "multiplexed-line": part(multiplexed, /^1\|/, /^1 host/),
    multiplexed: part(multiplexed, /^1 host/, /Counter\/Get/),
    "multiplexed-tls": part(both, /^1 host/, /stream 2/),
  };
}

if (import.meta.main) {
  const all = await transcripts();
  let page = process.argv.includes("--print") ? "" : readFileSync(PAGE, "utf8");
  for (const [name, text] of Object.entries(all)) {
    if (page === "") console.log(`== ${name}\n${text}\n`);
    const mark = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    page = page.replace(
      mark,
      (_, before, after) => `${before}\n\`\`\`text\n${text}\n\`\`\`\n\n${after}`,
    );
  }
  if (page !== "") writeFileSync(PAGE, page);
}
