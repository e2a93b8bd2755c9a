/** A peer made by hand, to see every frame of a session and to send what no yamux of ours would. */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { YamuxSession } from "../../src/mux/session.ts";
import type { YamuxOptions } from "../../src/mux/options.ts";
import { until, within } from "../helpers/wait.ts";
import { connected } from "./connected.ts";

const TYPES = ["DATA", "WINDOW", "PING", "GOAWAY"];
const FLAGS = ["SYN", "ACK", "FIN", "RST"];

/** A frame in words: `WINDOW SYN|FIN 1 0`, and the body of a data frame as text. */
export function frame(words: string, body: string | Uint8Array = ""): Buffer {
  const [type, flags, id, length] = words.split(" ") as [string, string, string, string?];
  const bytes = Buffer.from(body as Uint8Array);
  const header = new DataView(new ArrayBuffer(12));
  header.setUint8(1, TYPES.indexOf(type));
  const names = flags === "-" ? [] : flags.split("|");
  header.setUint16(2, names.reduce((sum, name) => sum + 2 ** FLAGS.indexOf(name), 0));
  header.setUint32(4, Number(id));
  header.setUint32(8, length === undefined ? bytes.length : Number(length));
  return Buffer.concat([new Uint8Array(header.buffer), bytes]);
}

/** The peer of one session. */
export class RawPeer {
  readonly session: YamuxSession;
  /** What the session has sent, a frame each; long bodies are cut short. */
  readonly frames: string[] = [];
  /** The bodies of data frames. */
  readonly bodies: Buffer[] = [];
  readonly connection: Duplex;
  /** The session's end of the connection. */
  readonly near: Duplex;
  ended = false;
  #bytes = Buffer.alloc(0);

  constructor(options: Partial<YamuxOptions> = {}) {
    [this.near, this.connection] = connected();
    this.session = new YamuxSession(this.near, {
      role: "server",
      keepAliveIntervalMs: 0,
      ...options,
    });
    this.connection.on("data", (chunk: Buffer) => this.#read(chunk));
    this.connection.on("end", () => {
      this.ended = true;
      this.connection.end();
    });
    this.connection.on("error", () => {});
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 12) {
      const type = TYPES[this.#bytes.readUInt8(1)] ?? "?";
      const length = this.#bytes.readUInt32BE(8);
      const end = 12 + (type === "DATA" ? length : 0);
      if (this.#bytes.length < end) return;
      const bits = this.#bytes.readUInt16BE(2);
      const flags = FLAGS.filter((_, index) => bits & 2 ** index).join("|") || "-";
      const body = this.#bytes.subarray(12, end);
      const text = body.length === 0 || body.length > 20 ? "" : ` ${body}`;
      this.frames.push(`${type} ${flags} ${this.#bytes.readUInt32BE(4)} ${length}${text}`);
      if (type === "DATA") this.bodies.push(Buffer.from(body));
      this.#bytes = this.#bytes.subarray(end);
    }
  }

  /** Sends frames in one piece. */
  send(...frames: (string | Uint8Array)[]): void {
    const all = frames.map((one) => typeof one === "string" ? frame(one) : one);
    this.connection.write(Buffer.concat(all));
  }

  /** Waits until the session has taken everything that was sent, and has answered. */
  async settled(): Promise<void> {
    const id = Math.floor(Math.random() * 2 ** 32);
    this.send(`PING SYN 0 ${id}`);
    const answer = `PING ACK 0 ${id}`;
    await until(() => this.frames.includes(answer), `the answer to a ping`);
    this.frames.splice(this.frames.indexOf(answer), 1);
  }

  /** Waits for this many frames, and gives them all. */
  async got(count: number): Promise<string[]> {
    await until(() => this.frames.length >= count, `${count} frames: ${this.frames.join(", ")}`);
    return this.frames;
  }

  /** The error that the session ends with. */
  async over(): Promise<Error & { code: string; fault: string }> {
    return await within(this.session.closed, "the end of the session");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    this.connection.destroy();
  }
}
