/**
 * Two connections with random traffic, cut into random pieces; and recorded
 * traffic with bytes changed, cut out, doubled. Nothing but a closed connection
 * may come of the latter.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Connection } from "../../src/http2/connection.ts";
import { PREFACE } from "../../src/http2/frames.ts";
import { HeaderTemplate } from "../../src/http2/hpack_encoder.ts";
import type { StreamHandler } from "../../src/http2/stream.ts";
import {
  concat,
  ManualClock,
  MemoryLink,
  newSeed,
  randomNumbers,
  Recorder,
  RESPONSE,
  TRAILERS,
  turn,
} from "./memory.ts";

type Random = (below: number) => number;

/** Answers a request with its own bytes, twice the header `n` as a trailer. */
function echo(link: MemoryLink, options = {}): Connection {
  return new Connection("server", link, {
    request(stream, headers): StreamHandler {
      stream.sendHeaders(RESPONSE);
      return {
        headers() {},
        data(bytes, start, end) {
          stream.write(bytes.slice(start, end));
          stream.consume(end - start);
        },
        trailers() {},
        end: () => stream.end(TRAILERS, ["n", String(2 * Number(headers.get("n")))]),
        reset() {},
        drain() {},
      };
    },
    closed() {},
  }, { clock: new ManualClock(), ...options });
}

function request(): HeaderTemplate {
  return new HeaderTemplate(
    [":method", "POST", ":scheme", "http", ":path", "/p", ":authority", "x", "k", "v".repeat(30)],
  );
}

/** Hands bytes over in pieces. */
function feedInPieces(link: MemoryLink, bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random(random(3) ? 40 : 20_000);
    link.feed(bytes.subarray(at, end));
    at = end;
  }
}

test("Connection brings every byte of random streams through random pieces", async () => {
  const seed = newSeed();
  const random = randomNumbers(seed);
  const noise = Uint8Array.from({ length: 200_000 }, () => random(256));
  for (let round = 0; round < 12; round++) {
    const options = () => ({
      streamWindowBytes: [1000, 70_000, 1 << 20][random(3)]!,
      connectionWindowBytes: 65_535 + random(100_000),
      maxFrameBytes: 16_384 + random(50_000),
      maxConcurrentStreams: 1 + random(20),
    });
    const [up, down] = [new MemoryLink(), new MemoryLink()];
    const client = new Connection("client", up, { closed() {} }, {
      clock: new ManualClock(),
      ...options(),
    });
    const server = echo(down, options());
    await turn();
    up.feed(down.take()); // before it knows the limit of streams, some would be refused
    const template = request();
    const calls = Array.from({ length: 1 + random(30) }, (_, number) => {
      const recorder = new Recorder();
      const bodyAt = random(50_000);
      const body = noise.subarray(bodyAt, bodyAt + random(random(4) ? 3000 : 150_000));
      const stream = client.open(recorder, template, ["n", String(number)]);
      recorder.stream = stream;
      for (let at = 0; at < body.length;) {
        const end = at + 1 + random(20_000);
        const headEnd = Math.min(at + 5, body.length, end);
        stream.writePair(body.subarray(at, headEnd), body.subarray(headEnd, end));
        at = end;
      }
      stream.end();
      return { recorder, body, number };
    });
    for (let idle = 0; idle < 3;) {
      await turn();
      const [there, back] = [up.take(), down.take()];
      feedInPieces(down, there, random);
      feedInPieces(up, back, random);
      idle = there.length + back.length === 0 ? idle + 1 : 0;
    }
    for (const { recorder, body, number } of calls) {
      const where = `seed ${seed}, round ${round}, call ${number}`;
      strictEqual(recorder.events.at(-1), "end", where);
      strictEqual(recorder.lastHeaders?.get("n"), String(2 * number), where);
      ok(recorder.body.every((byte, at) => byte === body[at]), where);
      strictEqual(recorder.bytes, body.length, where);
    }
    strictEqual(client.streamCount + server.streamCount, 0, `seed ${seed}, round ${round}`);
  }
});

/** One session, as bytes in both directions. */
async function record(): Promise<{ up: Uint8Array; down: Uint8Array }> {
  const [client, server] = [new MemoryLink(), new MemoryLink()];
  openSome(client);
  echo(server);
  await turn();
  const up = client.take();
  server.feed(up);
  await turn();
  return { up, down: server.take() };
}

function openSome(link: MemoryLink): Connection {
  const connection = new Connection("client", link, { closed() {} }, { clock: new ManualClock() });
  for (let number = 0; number < 6; number++) {
    const stream = connection.open(new Recorder(), request(), number % 2 ? ["x", "y"] : undefined);
    stream.write(new Uint8Array(100 * number), true);
  }
  return connection;
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let mutated: Uint8Array = bytes.slice();
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(mutated.length);
    const kind = random(10);
    if (kind < 3) mutated[at] = random(256);
    else if (kind < 6) mutated[at]! ^= 1 << random(8);
    else if (kind < 8) {
      mutated = concat(mutated.subarray(0, at), mutated.subarray(at + random(20)));
    } else {
      mutated = concat(mutated.subarray(0, at), mutated.subarray(Math.max(0, at - 40)));
    }
  }
  return mutated;
}

test("Connection comes to no harm by traffic that is changed at random", async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.on("uncaughtException", note);
  const seed = newSeed();
  const random = randomNumbers(seed);
  const { up, down } = await record();
  let closed = 0;
  for (let session = 0; session < 3000; session++) {
    const link = new MemoryLink();
    const isServer = session % 2 === 0;
    const bytes = isServer
      ? concat(PREFACE, mutate(up.subarray(PREFACE.length), random))
      : mutate(down, random);
    const connection = isServer ? echo(link) : openSome(link);
    await Promise.resolve();
    feedInPieces(link, bytes, random);
    if (session % 50 === 0) await turn();
    if (link.isEnded) {
      closed++;
      strictEqual(connection.streamCount, 0, `seed ${seed}, session ${session}`);
    } else if (!isServer) {
      // What is left ends when it is told to.
      connection.destroy();
      strictEqual(connection.streamCount, 0, `seed ${seed}, session ${session}`);
    }
  }
  await turn();
  process.off("uncaughtException", note);
  deepStrictEqual(uncaught, [], `seed ${seed}`);
  ok(closed > 500, `seed ${seed}: only ${closed} closed`);
});
