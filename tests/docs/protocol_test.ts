/** docs/protocol.md shows what the real go-plugin says, and its lines can be read by this module. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseHandshake } from "@x/goplugin";
import { transcripts } from "../../scripts/record_transcript.ts";
import { linesOf } from "../../scripts/transcript/transcript.ts";
import { goMissing } from "../helpers/go.ts";
import { readPage } from "./markdown.ts";

/** What each transcript has to show, whatever the numbers and the order in which frames come. */
const SHOWS: Readonly<Record<string, readonly RegExp[]>> = {
  environment: [/^BASIC_PLUGIN=hello$/m, /^PLUGIN_PROTOCOL_VERSIONS=1$/m],
  line: [/^1\|1\|unix\|\/tmp\/plugin\d+\|grpc\|$/],
  connection: [
    /^1 host {3}"PRI \* HTTP\/2/m,
    /:path \/plugin.GRPCStdio\/StreamStdio/,
    /:authority unused/,
  ],
  broker: [
    /\{ serviceId: 1, network: "unix", address: "\/tmp\/plugin\d+" \}/,
    /^2 plugin connects$/m,
    /^2 plugin HEADERS 1: .*:path \/proto.AddHelper\/Sum/m,
    /^1 plugin HEADERS \d, END_STREAM: grpc-status 0/m,
  ],
  "end-of-life": [/:path \/plugin.GRPCController\/Shutdown/, /exit code 0$/],
  certificate: [/^PLUGIN_CLIENT_CERT=-----BEGIN CERTIFICATE-----\\nMIIC/],
  tls: [/\|grpc\|MIIC\S+…\(\d+ characters\)…/, /^1 host .*16 03 01 .*ClientHello/m],
  "multiplexed-line": [/\|grpc\|\|true$/],
  multiplexed: [
    /^1 host {3}yamux WINDOW_UPDATE SYN, stream 1: 00 01 00 01 00 00 00 01 00 00 00 00$/m,
    /\| 08 01 22 02 08 01 \{ serviceId: 1, knock: \{ knock: true \} \}/,
    /\| 08 01 22 04 08 01 10 01\s+\{ serviceId: 1, knock: \{ knock: true, ack: true \} \}/,
    /^1 plugin yamux WINDOW_UPDATE SYN, stream 2/m,
    /^1 plugin \[2\] HEADERS 1: .*\n? *.*AddHelper\/Sum/m,
  ],
  "multiplexed-tls": [/^1 host {3}\[1\] TLS record 16 03 01 .*ClientHello/m],
};

/** The transcripts of the page by the marks in front of them. */
function onPage(): Record<string, string> {
  const marked = readPage("docs/protocol.md").matchAll(
    /^<!-- ([\w-]+) -->\n\n```text\n([\s\S]*?)\n```\n\n<!-- end -->$/gm,
  );
  return Object.fromEntries([...marked].map(([, name = "", text = ""]) => [name, text]));
}

function check(found: Readonly<Record<string, string>>): void {
  deepStrictEqual(Object.keys(found).sort(), Object.keys(SHOWS).sort());
  for (const [name, signs] of Object.entries(SHOWS)) {
    for (const sign of signs) match(found[name] ?? "", sign, name);
  }
}

test("docs/protocol.md holds a transcript at each of its marks", () => check(onPage()));

test("go-plugin still says what docs/protocol.md shows", {
  skip: goMissing() ?? false,
}, async () => check(await transcripts()));

test("the handshake lines in docs/protocol.md can be parsed", () => {
  const { line = "", "multiplexed-line": multiplexed = "" } = onPage();
  strictEqual(parseHandshake(line).protocol, "grpc");
  strictEqual(parseHandshake(multiplexed).multiplex, "true");
});

test("linesOf() puts frames together from pieces, and shortens certificates", () => {
  const bytes = (hex: string) => ({ kind: "bytes", connection: 1, from: "plugin", hex }) as const;
  const lines = linesOf([
    { kind: "line", line: `1|1|unix|/p|grpc|MII${"C".repeat(300)}` },
    { kind: "connect", connection: 1, from: "host" },
    bytes("00000604"),
    bytes("0000000000000500004000"),
    { kind: "exit", code: 0 },
  ]);
  deepStrictEqual(lines, [
    `1|1|unix|/p|grpc|MII${"C".repeat(13)}…(303 characters)…`,
    "1 host   connects",
    "1 plugin SETTINGS: MAX_FRAME_SIZE 16384",
    "the plugin's process ends with exit code 0",
  ]);
});
