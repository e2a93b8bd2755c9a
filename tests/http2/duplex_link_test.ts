/** The link over Node's streams. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { makeDuplexLink } from "../../src/http2/duplex_link.ts";
import { until, within } from "../helpers/wait.ts";
import { concat, turn } from "./memory.ts";

/** A Duplex whose writes wait for the test. */
function slowDuplex() {
  const written: Uint8Array[][] = [];
  let release: () => void = () => {};
  const duplex = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push([chunk]);
      release = done;
    },
    writev(chunks, done) {
      written.push(chunks.map(({ chunk }) => chunk));
      release = done;
    },
  });
  return { duplex, written, release: () => release() };
}

/** A link and what it tells. */
function started(duplex: Duplex, isSocket = false) {
  const link = makeDuplexLink(duplex, isSocket);
  const events: string[] = [];
  const closed = new Promise<void>((resolve) => {
    link.start({
      data: (chunk) => events.push(`data ${Array.from(chunk)}`),
      drain: () => events.push("drain"),
      end: () => events.push("end"),
      close: (error) => {
        events.push(`close ${error?.message}`);
        resolve();
      },
    });
  });
  return { link, events, closed };
}

test("makeDuplexLink() hands on what comes, and the end", async () => {
  const { duplex } = slowDuplex();
  const { events, closed } = started(duplex);
  strictEqual(events.length, 0);
  duplex.push(Uint8Array.of(1, 2));
  duplex.push(null);
  await until(() => events.includes("end"), "the end of what comes");
  duplex.destroy();
  await within(closed, "the end");
  deepStrictEqual(events, ["data 1,2", "end", "close undefined"]);
});

test("makeDuplexLink() writes pieces as one, and is full only with much waiting", async () => {
  const { duplex, written, release } = slowDuplex();
  const { link, events } = started(duplex);
  link.write([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
  await turn();
  strictEqual(written.length, 1);
  deepStrictEqual(new Uint8Array(concat(...written[0]!)), Uint8Array.of(1, 2, 3));
  link.write([new Uint8Array(200 << 10)]);
  strictEqual(link.isFull, false);
  link.write([new Uint8Array(100 << 10), Uint8Array.of(1)]);
  strictEqual(link.isFull, true);
  for (let count = 0; count < 4; count++) {
    release();
    await turn();
  }
  strictEqual(link.isFull, false);
  ok(events.includes("drain"));
});

test("makeDuplexLink() says when a socket has done with the pieces, and of no other Duplex", async () => {
  for (const isSocket of [true, false]) {
    const { duplex, release } = slowDuplex();
    const { link } = started(duplex, isSocket);
    const told: string[] = [];
    link.write([Uint8Array.of(1)], () => told.push("one"));
    link.write([Uint8Array.of(2), Uint8Array.of(3)], () => told.push("two"));
    await turn();
    deepStrictEqual(told, []);
    release();
    await turn();
    deepStrictEqual(told, isSocket ? ["one"] : []);
    release();
    await turn();
    deepStrictEqual(told, isSocket ? ["one", "two"] : []);
  }
});

test("makeDuplexLink() does not say so of pieces that were not written", async () => {
  const { duplex } = slowDuplex();
  const { link, closed } = started(duplex, true);
  let isTold = false;
  link.write([Uint8Array.of(1)], () => isTold = true);
  link.write([Uint8Array.of(2)], () => isTold = true);
  duplex.destroy(new Error("gone"));
  await within(closed, "the end");
  await turn();
  strictEqual(isTold, false);
});

test("makeDuplexLink() tells of a failure once", async () => {
  const { duplex } = slowDuplex();
  const { link, events, closed } = started(duplex);
  duplex.destroy(new Error("cut"));
  await within(closed, "the end");
  link.destroy();
  await turn();
  deepStrictEqual(events, ["close cut"]);
});

test("makeDuplexLink() tells of a Duplex that was gone before", async () => {
  const { duplex } = slowDuplex();
  duplex.destroy();
  await turn();
  const { events, closed } = started(duplex);
  strictEqual(events.length, 0);
  await within(closed, "the end");
  deepStrictEqual(events, ["close undefined"]);
});

test("makeDuplexLink() ends after what was written", async () => {
  const { duplex, written, release } = slowDuplex();
  const { link } = started(duplex);
  link.write([Uint8Array.of(1)]);
  link.end();
  strictEqual(duplex.writableFinished, false);
  release();
  await turn();
  strictEqual(written.length, 1);
  ok(duplex.writableEnded && duplex.writableFinished);
});
