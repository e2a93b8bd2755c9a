/** What is checked of our yamux against hashicorp's. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import process from "node:process";
import { YamuxOpenError, YamuxResetError } from "../../../src/mux/errors.ts";
import { encodeHeader, FLAG, FRAME_TYPE } from "../../../src/mux/frames.ts";
import type { YamuxOptions } from "../../../src/mux/options.ts";
import type { YamuxStream } from "../../../src/mux/stream.ts";
import { until, within } from "../../helpers/wait.ts";
import type { GoPeer } from "./yamux_go.ts";

/** One thing to check. */
export interface Check {
  /** Flags of the Go program. */
  readonly flags?: readonly string[];
  /** Options of our session. */
  readonly session?: Partial<YamuxOptions>;
  /** Whether Go ends, or complains, in the course of it. */
  readonly isRough?: boolean;
  readonly run: (peer: GoPeer) => Promise<void>;
}

const BLOCK_BYTES = 64 * 1024;

/** What came on a stream. */
interface Received {
  readonly bytes: number;
  readonly hash: string;
}

/** Reads a stream to its end. */
async function receive(stream: YamuxStream): Promise<Received> {
  const hash = createHash("sha256");
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  await ending(stream, "end");
  return { bytes, hash: hash.digest("hex") };
}

/** Reads a stream to its end, as text. */
async function receiveText(stream: YamuxStream): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await ending(stream, "end");
  return String(Buffer.concat(chunks));
}

/** Waits for the end of a stream; an error instead of one is thrown. */
async function ending(stream: YamuxStream, event: "end" | "close"): Promise<void> {
  await within(
    new Promise<void>((resolve, reject) => {
      stream.once(event, () => resolve());
      stream.once("error", reject);
    }),
    `"${event}" of stream ${stream.id}`,
    120_000,
  );
}

/** Waits for the error of a stream. */
async function failure(stream: YamuxStream): Promise<Error> {
  stream.resume();
  return await ending(stream, "close").then(
    () => Promise.reject(new Error(`stream ${stream.id} ended well`)),
    (error) => error,
  );
}

/** Writes random bytes, as fast as they are taken. */
async function send(stream: YamuxStream, bytes: number): Promise<Received> {
  const hash = createHash("sha256");
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    const block = randomBytes(Math.min(left, BLOCK_BYTES));
    hash.update(block);
    if (stream.write(block)) continue;
    await within(new Promise((resolve) => stream.once("drain", resolve)), "drain", 120_000);
  }
  stream.end();
  return { bytes, hash: hash.digest("hex") };
}

async function echo(peer: GoPeer, bytes: number): Promise<void> {
  const stream = await peer.ask("echo");
  const [sent, received] = await Promise.all([send(stream, bytes), receive(stream)]);
  deepStrictEqual(received, sent);
}

/** Echoes every stream that Go opens. */
function serveEcho(peer: GoPeer): void {
  peer.session.onStream((stream) => stream.pipe(stream));
}

async function noStreams(peer: GoPeer): Promise<void> {
  await until(() => peer.session.streamCount === 0, "no streams");
}

/** Everything there is to check, by name. */
export const CHECKS: Readonly<Record<string, Check>> = {
  "echoes 0 B to 5 MB": {
    run: async (peer) => {
      for (const bytes of [0, 1, 65_535, 65_536, 65_537, 262_144, 262_145, 5_000_000]) {
        await echo(peer, bytes);
      }
    },
  },

  "echoes 64 MB": { run: (peer) => echo(peer, 64 * 1024 * 1024) },

  "opens 200 streams at once": {
    run: async (peer) => {
      await Promise.all(Array.from({ length: 200 }, () => echo(peer, 100_000)));
    },
  },

  "takes 200 streams at once, and opens as many": {
    run: async (peer) => {
      serveEcho(peer);
      const stream = await peer.ask("open 200 100000");
      const ours = Array.from({ length: 200 }, () => echo(peer, 10_000));
      stream.end();
      strictEqual(await receiveText(stream), "<nil>");
      await Promise.all(ours);
    },
  },

  "opens 600 streams at once, more than the backlog": {
    run: async (peer) => {
      await Promise.all(Array.from({ length: 600 }, () => echo(peer, 1_000)));
    },
  },

  "half-closes first, and reads the answer": {
    run: async (peer) => {
      const stream = await peer.ask("hash 0");
      const sent = await send(stream, 1_000_000);
      strictEqual(await receiveText(stream), `${sent.bytes} ${sent.hash}`);
    },
  },

  "reads to Go's half-close, and writes on": {
    run: async (peer) => {
      const stream = await peer.ask("source 1000000");
      const received = await receive(stream);
      strictEqual(received.bytes, 1_000_000);
      strictEqual(stream.closed, false);
      stream.write("better ");
      await new Promise((resolve) => stream.write("late", resolve));
      stream.end();
      strictEqual(await peer.line("source "), `${received.hash}, then read "better late": <nil>`);
    },
  },

  "is a slow reader that stalls no other stream": {
    run: async (peer) => {
      const slow = await peer.ask("source 8000000");
      await until(() => peer.connection.bytesRead > 262_144, "a full window");
      await echo(peer, 1_000_000);
      const most = 262_144 + 1_000_000 + 10_000;
      ok(peer.connection.bytesRead < most, `${peer.connection.bytesRead} bytes`);
      slow.end();
      const received = await receive(slow);
      strictEqual(received.bytes, 8_000_000);
      match(await peer.line("source "), new RegExp(`^${received.hash}, then read "": <nil>$`));
    },
  },

  "waits for a slow reader that stalls no other stream": {
    run: async (peer) => {
      const slow = await peer.ask("hash 20");
      const sending = send(slow, 2_000_000);
      await until(() => slow.writableNeedDrain, "a full window");
      await echo(peer, 1_000_000);
      const sent = await sending;
      strictEqual(await receiveText(slow), `${sent.bytes} ${sent.hash}`);
    },
  },

  "destroy() is a FIN to Go": {
    run: async (peer) => {
      const stream = await peer.ask("ending");
      stream.write("0123456789");
      stream.destroy();
      strictEqual(await peer.line("ending "), "after 10: <nil>");
    },
  },

  "destroy() lets Go write to its end": {
    run: async (peer) => {
      const stream = await peer.ask("source 3000000");
      stream.destroy();
      match(await peer.line("source "), /, then read "": <nil>$/);
    },
  },

  "destroy(error) is an RST to Go, which reads": {
    run: async (peer) => {
      const stream = await peer.ask("ending");
      await peer.session.ping();
      stream.destroy(new Error("enough"));
      strictEqual(await peer.line("ending "), "after 0: connection reset");
    },
  },

  "destroy(error) is an RST to Go, which writes": {
    isRough: true, // Data is on its way.
    run: async (peer) => {
      const stream = await peer.ask("writing");
      await until(() => peer.connection.bytesRead > 262_144, "data");
      stream.destroy(new Error("enough"));
      strictEqual(await peer.line("writing: "), "connection reset");
    },
  },

  "an RST of Go's is a YamuxResetError": {
    flags: ["-close-timeout=50ms"],
    run: async (peer) => {
      // Go ends its side, and we do not.
      const stream = await peer.ask("source 10");
      const error = await failure(stream);
      ok(error instanceof YamuxResetError, String(error));
    },
  },

  "a GoAway of Go's refuses new streams only": {
    run: async (peer) => {
      const before = await peer.ask("echo");
      const asked = await peer.ask("goaway");
      asked.end();
      strictEqual(await receiveText(asked), "<nil>");
      await rejects(
        peer.session.open(),
        (error) => error instanceof YamuxOpenError && error.fault === "refused",
      );
      before.end("still here");
      strictEqual(await receiveText(before), "still here");
    },
  },

  "goAway() refuses Go's new streams only": {
    run: async (peer) => {
      serveEcho(peer);
      peer.session.goAway();
      const stream = await peer.ask("open-and-wait");
      stream.end();
      strictEqual(await receiveText(stream), "remote end is not accepting connections");
      await echo(peer, 1_000);
    },
  },

  "pings Go, and answers its pings": {
    run: async (peer) => {
      ok(await peer.session.ping() >= 0);
      const stream = await peer.ask("ping");
      stream.end();
      strictEqual(await receiveText(stream), "<nil>");
    },
  },

  "keepalives go both ways": {
    flags: ["-keep-alive=10ms"],
    session: { keepAliveIntervalMs: 10 },
    run: async (peer) => {
      // A ping and an answer each way are 24 bytes.
      await until(() => peer.connection.bytesRead > 1_000, "many pings");
      ok(peer.connection.bytesWritten > 500);
      await echo(peer, 1_000);
    },
  },

  "a stopped Go is noticed": {
    session: { keepAliveIntervalMs: 50, writeTimeoutMs: 200 },
    isRough: true,
    run: async (peer) => {
      const stream = await peer.ask("echo");
      process.kill(peer.child.pid!, "SIGSTOP");
      const error = await within(peer.session.closed, "the end of the session");
      strictEqual(error.fault, "keep-alive");
      strictEqual(stream.errored, error);
    },
  },

  "Go's end in the middle of a write is noticed": {
    flags: ["-die-after=1000000"],
    isRough: true,
    run: async (peer) => {
      const stream = await peer.ask("source 100000000");
      const error = await failure(stream);
      ok(["ended", "failed"].includes((error as { fault?: string }).fault ?? ""), String(error));
      strictEqual(await within(peer.exited, "the end of Go"), 9);
    },
  },

  "Go's death while we write is noticed": {
    isRough: true,
    run: async (peer) => {
      const stream = await peer.ask("echo");
      stream.resume();
      const written: Promise<unknown>[] = [];
      for (let count = 0; count < 200; count++) {
        written.push(new Promise((resolve) => stream.write(Buffer.alloc(100_000), resolve)));
      }
      await written[0];
      peer.child.kill("SIGKILL");
      ok(await within(written.at(-1)!, "the last callback") instanceof Error);
      const error = await within(peer.session.closed, "the end of the session");
      ok(["ended", "failed"].includes(error.fault), String(error));
      strictEqual(stream.errored, error);
    },
  },

  "Go's Session.Close() is noticed": {
    isRough: true,
    run: async (peer) => {
      const open = await peer.ask("ending");
      await peer.ask("shut");
      const error = await within(peer.session.closed, "the end of the session");
      strictEqual(error.fault, "ended");
      strictEqual(open.errored, error);
      strictEqual(await within(peer.exited, "the end of Go"), 0);
    },
  },

  "Go resets what is beyond its backlog": {
    flags: ["-deaf", "-backlog=2"],
    isRough: true,
    run: async (peer) => {
      const streams = await Promise.all([1, 2, 3].map(() => peer.session.open()));
      ok(await failure(streams[2]!) instanceof YamuxResetError);
      deepStrictEqual(streams.map(({ destroyed }) => destroyed), [false, false, true]);
    },
  },

  "what is beyond our backlog is reset for Go": {
    session: { acceptBacklog: 1 },
    isRough: true,
    run: async (peer) => {
      await peer.ask("open-and-wait");
      await until(() => peer.session.streamCount === 2, "the stream that waits");
      const second = await peer.ask("open-and-wait");
      second.end();
      strictEqual(await receiveText(second), "connection reset");
    },
  },

  "a stream that Go does not accept ends our session": {
    flags: ["-deaf"],
    session: { streamOpenTimeoutMs: 100 },
    isRough: true,
    run: async (peer) => {
      await peer.session.open();
      const error = await within(peer.session.closed, "the end of the session");
      strictEqual(error.fault, "open-timeout");
    },
  },

  "a stream that we do not accept ends Go's session": {
    flags: ["-open-timeout=100ms"],
    isRough: true,
    run: async (peer) => {
      await peer.ask("open-and-wait");
      const error = await within(peer.session.closed, "the end of the session");
      strictEqual(error.fault, "ended");
    },
  },

  "garbage ends Go's session": {
    isRough: true,
    run: async (peer) => {
      peer.connection.write(randomBytes(12).fill(7, 0, 1));
      const error = await within(peer.session.closed, "the end of the session");
      strictEqual(error.fault, "ended");
    },
  },

  "what Go calls a protocol error ends both sessions": {
    isRough: true,
    run: async (peer) => {
      const stream = await peer.ask("ending");
      // Twice the same SYN.
      peer.connection.write(encodeHeader(FRAME_TYPE.WINDOW_UPDATE, FLAG.SYN, stream.id, 0));
      const error = await within(peer.session.closed, "the end of the session");
      // Go sends a GoAway and closes at once: often it is not out by then.
      ok(["go-away", "ended", "failed"].includes(error.fault), String(error));
      strictEqual(await within(peer.exited, "the end of Go"), 0);
    },
  },

  "500 streams one after the other leave nothing": {
    run: async (peer) => {
      serveEcho(peer);
      for (let count = 0; count < 500; count++) {
        const stream = await peer.ask("echo");
        if (count % 10 === 0) stream.destroy();
        else stream.end("x");
        if (count % 10 !== 0) strictEqual(await receiveText(stream), "x");
      }
      const opened = await peer.ask("open 100 100");
      opened.end();
      strictEqual(await receiveText(opened), "<nil>");
      await noStreams(peer);
      // Go forgets a stream a moment after its FIN is out. The one that asks is left.
      const end = Date.now() + 10_000;
      for (let left = ""; left !== "1";) {
        ok(Date.now() < end, `${left} streams are left`);
        const asking = await peer.ask("streams");
        asking.end();
        left = await receiveText(asking);
      }
    },
  },
};
