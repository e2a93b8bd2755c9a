import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { clearDeadline, setDeadline } from "../../src/grpc/deadlines.ts";
import { until, within } from "../helpers/wait.ts";
import { Random } from "../wire/random.ts";

test("setDeadline() rings in the order of the deadlines, not of the calls", async () => {
  const rung: number[] = [];
  const start = Date.now();
  for (const after of [40, 10, 30, 20, 10, 0]) {
    setDeadline(start + after, () => rung.push(after));
  }
  await until(() => rung.length === 6, "the last deadline");
  deepStrictEqual(rung, [0, 10, 10, 20, 30, 40]);
});

test("setDeadline() never rings early", async () => {
  for (const after of [0, 1, 3, 7, 15]) {
    const at = Date.now() + after;
    await within(new Promise<void>((resolve) => setDeadline(at, resolve)), "the deadline");
    strictEqual(Date.now() >= at, true);
  }
});

test("setDeadline() rings at once for a time that has passed", async () => {
  await within(new Promise<void>((resolve) => setDeadline(Date.now() - 1000, resolve)), "it");
});

test("clearDeadline() takes back any of many, and may be called twice", async () => {
  const random = new Random(1);
  const start = Date.now() + 20;
  const rung = new Set<number>();
  const deadlines = Array.from(
    { length: 500 },
    (_, i) => setDeadline(start + random.below(30), () => rung.add(i)),
  );
  const kept = new Set<number>();
  for (const [i, deadline] of deadlines.entries()) {
    if (random.below(2) === 0) {
      clearDeadline(deadline);
      clearDeadline(deadline);
    } else kept.add(i);
  }
  await until(() => rung.size >= kept.size, "those that were kept");
  deepStrictEqual([...rung].sort((a, b) => a - b), [...kept]);
});

test("clearDeadline() from within a deadline holds for those of the same time", async () => {
  const at = Date.now() + 5;
  const rung: string[] = [];
  const first = setDeadline(at, () => {
    rung.push("first");
    clearDeadline(second);
    clearDeadline(first);
  });
  const second = setDeadline(at, () => rung.push("second"));
  const last = new Promise<void>((resolve) => setDeadline(at + 10, resolve));
  await within(last, "the last");
  deepStrictEqual(rung, ["first"]);
});

test("setDeadline() takes a time further away than any timer", () => {
  let isRung = false;
  const deadline = setDeadline(Date.now() + 2 ** 40, () => isRung = true);
  clearDeadline(deadline);
  strictEqual(isRung, false);
});
