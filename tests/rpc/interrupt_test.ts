import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { drained, Interrupt, interruptible, iteratorOf } from "../../src/rpc/interrupt.ts";
import { until, within } from "../helpers/wait.ts";
import { Feed } from "./feed.ts";
import { collect, rejected } from "./waiting.ts";

const REASON = new Error("Interrupted");

async function isInterrupted(promise: Promise<unknown>): Promise<void> {
  strictEqual(await rejected(Error, promise), REASON);
}

test("Interrupt.guard() gives what the promise gives", async () => {
  const interrupt = new Interrupt();
  strictEqual(await interrupt.guard(Promise.resolve(1)), 1);
  const failure = new RangeError("My own");
  strictEqual(await rejected(RangeError, interrupt.guard(Promise.reject(failure))), failure);
  strictEqual(interrupt.fired, false);
});

test("Interrupt.fire() ends all waits, present and future, with its first reason", async () => {
  const interrupt = new Interrupt();
  const waits = [1, 2, 3].map(() => interrupt.guard(new Promise(() => {})));
  interrupt.fire(REASON);
  interrupt.fire(new Error("Too late"));
  strictEqual(interrupt.fired, true);
  for (const wait of waits) await isInterrupted(wait);
  await isInterrupted(interrupt.guard(Promise.resolve(1)));
});

test("Interrupt.fire() may have undefined for a reason", async () => {
  const interrupt = new Interrupt();
  const wait = interrupt.guard(new Promise(() => {})).then(() => "settled", (reason) => reason);
  interrupt.fire(undefined);
  strictEqual(await wait, undefined);
  strictEqual(interrupt.fired, true);
});

test("Interrupt.fire() does not touch a wait that is over", async () => {
  const interrupt = new Interrupt();
  const over = interrupt.guard(Promise.resolve(1));
  strictEqual(await over, 1);
  interrupt.fire(REASON);
  strictEqual(await over, 1);
});

test("Interrupt.guard() takes care of a rejection that nobody waits for", async () => {
  const interrupt = new Interrupt();
  let reject: (error: Error) => void = () => {};
  const before = interrupt.guard(new Promise((_, fail) => reject = fail));
  interrupt.fire(REASON);
  await isInterrupted(before);
  // An unhandled rejection would fail the test.
  reject(new Error("Nobody hears it"));
  await isInterrupted(interrupt.guard(Promise.reject(new Error("Nobody hears it"))));
  await new Promise((resolve) => setImmediate(resolve));
  strictEqual(interrupt.fired, true);
});

test("Interrupt.guard() holds on to nothing once a wait is over", async () => {
  const interrupt = new Interrupt();
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  const guardMany = async () => {
    for (let i = 0; i < 100; i++) {
      const value = {};
      registry.register(value, i);
      await interrupt.guard(Promise.resolve(value));
    }
  };
  await guardMany();
  let garbage: unknown[] = [];
  await until(() => {
    garbage = Array.from({ length: 100_000 }, () => [Math.random()]);
    return collected === 100;
  }, "the collection of what was waited for");
  strictEqual(garbage.length, 100_000);
  strictEqual(interrupt.fired, false);
});

test("interruptible() yields what the iterator yields", async () => {
  for (const source of [[1, 2, 3], new Set([1, 2, 3])]) {
    const items = interruptible(iteratorOf(source), new Interrupt());
    deepStrictEqual(await collect(items), [1, 2, 3]);
  }
  const feed = new Feed<number>();
  feed.push(1);
  feed.end();
  deepStrictEqual(await collect(interruptible(iteratorOf(feed), new Interrupt())), [1]);
});

/** An iterator that counts how often it is told to end. */
function counted<T>(next: () => Promise<IteratorResult<T>> | IteratorResult<T>) {
  const iterator = {
    returned: 0,
    next: async () => await next(),
    return: () => {
      iterator.returned++;
      return Promise.resolve({ done: true, value: undefined } as IteratorResult<T>);
    },
  };
  return iterator;
}

test("interruptible() throws the reason while it waits, and tells the iterator to end", async () => {
  const interrupt = new Interrupt();
  const iterator = counted(() => new Promise<IteratorResult<number>>(() => {}));
  const next = interruptible(iterator, interrupt).next();
  interrupt.fire(REASON);
  await isInterrupted(next);
  strictEqual(iterator.returned, 1);
});

test("interruptible() throws the reason when it is asked after the interrupt", async () => {
  const interrupt = new Interrupt();
  const iterator = counted(() => ({ done: false, value: 1 }));
  const items = interruptible(iterator, interrupt);
  deepStrictEqual(await items.next(), { done: false, value: 1 });
  interrupt.fire(REASON);
  await isInterrupted(items.next());
  deepStrictEqual(await items.next(), { done: true, value: undefined });
  strictEqual(iterator.returned, 1);
});

test("interruptible() tells the iterator to end when it is left", async () => {
  const iterator = counted(() => ({ done: false, value: 1 }));
  for await (const item of interruptible(iterator, new Interrupt())) {
    strictEqual(item, 1);
    break;
  }
  strictEqual(iterator.returned, 1);
});

test("interruptible() does not tell an iterator to end that has ended or failed", async () => {
  const ended = counted<number>(() => ({ done: true, value: undefined }));
  deepStrictEqual(await collect(interruptible(ended, new Interrupt())), []);
  const failure = new RangeError("My own");
  const failed = counted<number>(() => Promise.reject(failure));
  const items = collect(interruptible(failed, new Interrupt()));
  strictEqual(await rejected(RangeError, items), failure);
  deepStrictEqual([ended.returned, failed.returned], [0, 0]);
});

for (
  const [what, end] of [
    ["never ends", () => new Promise<never>(() => {})],
    ["fails while it ends", () => Promise.reject(new Error("Not now"))],
  ] as const
) {
  test(`interruptible() does not wait for an iterator that ${what}`, async () => {
    const interrupt = new Interrupt();
    const iterator = {
      next: () => new Promise<IteratorResult<number>>(() => {}),
      return: end,
    };
    const next = interruptible(iterator, interrupt).next();
    interrupt.fire(REASON);
    await isInterrupted(next);
    await new Promise((resolve) => setImmediate(resolve)); // for an unhandled rejection
  });
}

test("interruptible() takes an iterator that cannot be told to end", async () => {
  const interrupt = new Interrupt();
  const next = interruptible({ next: () => new Promise<never>(() => {}) }, interrupt).next();
  interrupt.fire(REASON);
  await isInterrupted(next);
});

test("iteratorOf() prefers the asynchronous iterator", async () => {
  const both = {
    *[Symbol.iterator]() {
      yield "sync";
    },
    async *[Symbol.asyncIterator]() {
      yield "async";
    },
  };
  strictEqual((await iteratorOf(both).next()).value, "async");
});

test("drained() waits for a stream to take more", async () => {
  const stream = new EventEmitter();
  const wait = drained(stream);
  strictEqual(stream.listenerCount("drain"), 1);
  stream.emit("drain");
  await within(wait, "drained()");
  strictEqual(stream.listenerCount("drain"), 0);
});
