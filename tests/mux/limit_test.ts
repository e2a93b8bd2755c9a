import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Limit } from "../../src/mux/limit.ts";
import { within } from "../helpers/wait.ts";

/** Timers of a `Limit` do not keep Deno or Node alive, so something else has to. */
async function awake<T>(promise: Promise<T>): Promise<T> {
  return await within(promise, "the limit");
}

test("Limit calls back once", async () => {
  let calls = 0;
  await awake(
    new Promise<void>((resolve) => {
      new Limit(4, () => {
        calls++;
        resolve();
      });
    }),
  );
  await awake(new Promise<void>((resolve) => new Limit(20, resolve)));
  strictEqual(calls, 1);
});

test("Limit.end() ends it, in the middle and again afterwards", async () => {
  let calls = 0;
  const ended = new Limit(8, () => calls++);
  await awake(new Promise<void>((resolve) => new Limit(4, resolve)));
  ended.end();
  ended.end();
  await awake(new Promise<void>((resolve) => new Limit(40, resolve)));
  strictEqual(calls, 0);
});

test("Limit is not used up while the process is busy: what arrived meanwhile comes first", async () => {
  const order: string[] = [];
  const over = new Promise<void>((resolve) => {
    new Limit(100, () => {
      order.push("over");
      resolve();
    });
  });
  const arrived = new Promise<void>((resolve) => {
    setImmediate(() => {
      order.push("arrived");
      resolve();
    });
  });
  const busyUntil = Date.now() + 150;
  while (Date.now() < busyUntil);
  await awake(Promise.all([arrived, over]));
  strictEqual(order.join(), "arrived,over");
});
