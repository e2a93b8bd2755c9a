import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { mock, test } from "node:test";
import { BrokerError } from "../../src/errors.ts";
import { Announcements, BROKER_TIMEOUT_MS } from "../../src/rpc/announcements.ts";
import { Outbox } from "../../src/rpc/outbox.ts";

const at = (serviceId: number, address = "127.0.0.1:1") => ({ serviceId, network: "tcp", address });

test("Announcements keeps one that comes before its dial", async () => {
  const announcements = new Announcements();
  announcements.add(at(1));
  deepStrictEqual(await announcements.take(1), at(1));
  announcements.close(new Error("done"));
});

test("Announcements gives one that comes after its dial, to each dial in turn", async () => {
  const announcements = new Announcements();
  const dials = [announcements.take(1), announcements.take(1), announcements.take(2)];
  announcements.add(at(2));
  announcements.add(at(1, "127.0.0.1:10"));
  announcements.add(at(1, "127.0.0.1:20"));
  deepStrictEqual(await Promise.all(dials), [
    at(1, "127.0.0.1:10"),
    at(1, "127.0.0.1:20"),
    at(2),
  ]);
});

test("Announcements drops a second one for an id that waits for its dial", async () => {
  const announcements = new Announcements();
  announcements.add(at(1, "127.0.0.1:10"));
  announcements.add(at(1, "127.0.0.1:20"));
  strictEqual((await announcements.take(1)).address, "127.0.0.1:10");
  const dial = announcements.take(1);
  announcements.close(new Error("done"));
  await rejects(dial, /done/);
});

/** Deno 2.8 has no timers to set by hand. */
function timersMissing(): string | undefined {
  try {
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.timers.reset();
  } catch (error) {
    return (error as Error).message;
  }
}

test("Announcements forgets one that nobody dials, and tells a dial what there was instead", {
  skip: timersMissing() ?? false,
}, async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const announcements = new Announcements();
    announcements.add(at(1));
    mock.timers.tick(BROKER_TIMEOUT_MS);
    const dial = announcements.take(1);
    announcements.add(at(7));
    announcements.add(at(3));
    mock.timers.tick(BROKER_TIMEOUT_MS - 1);
    announcements.add(at(12));
    mock.timers.tick(1);
    await rejects(dial, (error: BrokerError) => {
      ok(error instanceof BrokerError);
      strictEqual(error.code, "broker-timeout");
      match(error.message, /id 1: timeout waiting for connection info after 5000 ms/);
      match(error.message, /the peer announced 3, 7, 12$/);
      return true;
    });
    announcements.close(new Error("done"));
  } finally {
    mock.timers.reset();
  }
});

test("Announcements.take() ends with its signal, and leaves the next announcement to others", async () => {
  const announcements = new Announcements();
  const abort = new AbortController();
  const given = announcements.take(1, abort.signal);
  const other = announcements.take(1);
  abort.abort(new Error("no longer"));
  await rejects(given, /no longer/);
  await rejects(announcements.take(2, abort.signal), /no longer/);
  announcements.add(at(1));
  deepStrictEqual(await other, at(1));
});

test("Announcements.close() ends waits and refuses later ones", async () => {
  const announcements = new Announcements();
  const waiting = announcements.take(1);
  announcements.close(new Error("closed"));
  announcements.close(new Error("again"));
  await rejects(waiting, /closed/);
  announcements.add(at(2));
  await rejects(announcements.take(2), /closed/);
});

test("Outbox gives what was sent in order, also what comes while it is read, and ends", async () => {
  const outbox = new Outbox<number>();
  outbox.send(1);
  outbox.send(2);
  const read: number[] = [];
  for await (const number of outbox) {
    read.push(number);
    if (number === 2) queueMicrotask(() => outbox.send(3));
    if (number === 3) queueMicrotask(() => outbox.end());
  }
  deepStrictEqual(read, [1, 2, 3]);
  outbox.send(4);
  ok(outbox.isEnded);
  for await (const number of outbox) read.push(number);
  deepStrictEqual(read, [1, 2, 3]);
});

test("Announcements.take() leaves nothing on a signal that outlives it", async () => {
  const announcements = new Announcements();
  let listeners = 0;
  const signal = new AbortController().signal;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const found = announcements.take(1, signal);
  const closed = announcements.take(2, signal);
  strictEqual(listeners, 2);
  announcements.add(at(1));
  await found;
  announcements.close(new Error("closed"));
  await rejects(closed, /closed/);
  strictEqual(listeners, 0);
});
