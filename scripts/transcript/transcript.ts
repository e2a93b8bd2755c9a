/** Turns what the tap wrote down into lines for people. */
import { encodeHeader, FRAME_TYPE, HEADER_BYTES } from "../../src/mux/frames.ts";
import type { Side, TapEvent } from "./events.ts";
import { hex, Http2Reader } from "./http2.ts";

/** Frames that belong to flow control and keep-alive, and say nothing of go-plugin. */
const UPKEEP = /^(WINDOW_UPDATE|PING|SETTINGS ACK)\b/;
const YAMUX_FLAGS = ["SYN", "ACK", "FIN", "RST"];
const LINE_LENGTH = 96;
const INDENT = `\n${" ".repeat(9)}`;

/** Reads one connection. */
interface Reader {
  read(from: Side, bytes: Uint8Array): string[];
}

/** TLS: its records by their kinds; what is inside nobody can read. */
class TlsReader implements Reader {
  readonly #seen = new Set<Side>();

  read(from: Side, bytes: Uint8Array): string[] {
    if (this.#seen.has(from)) return [];
    this.#seen.add(from);
    const what = bytes[5] === 1 ? "ClientHello" : "ServerHello";
    return [`TLS record ${hex(bytes.subarray(0, 6))} …: ${what}, and all that follows is TLS`];
  }
}

/** HTTP/2 in clear, or TLS: the first bytes tell. */
class ConnectionReader implements Reader {
  readonly #client: Side;
  #inner: Reader | undefined;

  constructor(client: Side) {
    this.#client = client;
  }

  read(from: Side, bytes: Uint8Array): string[] {
    this.#inner ??= bytes[0] === 0x16 ? new TlsReader() : new Http2Reader(this.#client);
    return this.#inner.read(from, bytes).filter((line) => !UPKEEP.test(line));
  }
}

/** yamux: each stream is a connection of its own, and its opener the client. */
class YamuxReader implements Reader {
  readonly #rest = { host: new Uint8Array(), plugin: new Uint8Array() };
  readonly #streams = new Map<number, ConnectionReader>();

  read(from: Side, bytes: Uint8Array): string[] {
    let rest = Uint8Array.from([...this.#rest[from], ...bytes]);
    const lines: string[] = [];
    for (;;) {
      if (rest.length < HEADER_BYTES) break;
      const view = new DataView(rest.buffer, rest.byteOffset);
      const [type, flags, id, length] = [
        view.getUint8(1),
        view.getUint16(2),
        view.getUint32(4),
        view.getUint32(8),
      ];
      const end = HEADER_BYTES + (type === FRAME_TYPE.DATA ? length : 0);
      if (rest.length < end) break;
      lines.push(...this.#frame(from, { type, flags, id, length }, rest.slice(HEADER_BYTES, end)));
      rest = rest.slice(end);
    }
    this.#rest[from] = rest;
    return lines;
  }

  #frame(
    from: Side,
    { type, flags, id, length }: Record<"type" | "flags" | "id" | "length", number>,
    body: Uint8Array,
  ): string[] {
    const names = YAMUX_FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);
    const kind = Object.entries(FRAME_TYPE).find(([, value]) => value === type)?.[0] ?? type;
    const lines: string[] = [];
    if (names.length > 0 && id !== 0) {
      const bytes = hex(encodeHeader(type, flags, id, length));
      lines.push(`yamux ${kind} ${names.join(" ")}, stream ${id}: ${bytes}`);
    }
    if (type !== FRAME_TYPE.DATA) return lines;
    // The host opens the odd ones.
    if (!this.#streams.has(id)) {
      this.#streams.set(id, new ConnectionReader(id % 2 === 1 ? "host" : "plugin"));
    }
    const inside = this.#streams.get(id)?.read(from, body) ?? [];
    return [...lines, ...inside.map((line) => `[${id}] ${line}`)];
  }
}

/** The lines of a recording: what passed, who said it, and on which connection. */
export function linesOf(events: readonly TapEvent[]): string[] {
  const isMultiplexed = events.some((event) =>
    event.kind === "environment" && event.variables["PLUGIN_MULTIPLEX_GRPC"] === "true"
  );
  const readers = new Map<number, Reader>();
  return events.flatMap((event): string[] => {
    switch (event.kind) {
      case "environment":
        return Object.entries(event.variables).map(([name, value]) => `${name}=${shorten(value)}`);
      case "line":
        return [shorten(event.line)];
      case "exit":
        return [`the plugin's process ends with exit code ${event.code}`];
      case "connect":
        readers.set(
          event.connection,
          isMultiplexed ? new YamuxReader() : new ConnectionReader(event.from),
        );
        return [`${event.connection} ${event.from.padEnd(6)} connects`];
      case "end":
        return [`${event.connection} ${event.from.padEnd(6)} closes`];
      case "bytes": {
        const bytes = Uint8Array.from(event.hex.match(/../g) ?? [], (two) => parseInt(two, 16));
        return (readers.get(event.connection)?.read(event.from, bytes) ?? [])
          .map((line) => wrap(`${event.connection} ${event.from.padEnd(6)} ${line}`));
      }
    }
  });
}

/** Certificates take a screen each. */
function shorten(text: string): string {
  return text.replace(/MI[A-Za-z0-9+/\n]{200,}=*/, (certificate) => {
    const characters = certificate.replaceAll("\n", "").length;
    return `${certificate.slice(0, 16)}…(${characters} characters)…`;
  }).trimEnd().replaceAll("\n", "\\n");
}

/** A long line goes on further in: a message on a line of its own, fields as many as fit. */
function wrap(line: string): string {
  if (line.length <= LINE_LENGTH) return line;
  const message = line.match(/^(.*?) (\{ .* \})$/);
  if (message !== null) return `${message[1]}${INDENT}${message[2]}`;
  let length = 0;
  return line.split(", ").map((part, i) => {
    length += part.length + 2;
    if (i === 0) return part;
    if (length <= LINE_LENGTH) return `, ${part}`;
    length = INDENT.length + part.length;
    return `,${INDENT}${part}`;
  }).join("");
}
