/** Which stream is whose. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Knocks } from "../../src/mux/knocks.ts";
import { until } from "../helpers/wait.ts";
import { RawPeer } from "./raw_peer.ts";

test("Knocks hands out streams in the order of the knocks, and others to the default", async () => {
  await using peer = new RawPeer();
  const got: string[] = [];
  const knocks = new Knocks(peer.session, {
    onUnannounced: (stream) => got.push(`nobody ${stream.id}`),
  });
  knocks.expect((stream) => got.push(`a ${stream.id}`));
  knocks.expect((stream) => got.push(`b ${stream.id}`));
  peer.send("WINDOW SYN 1 0", "WINDOW SYN 3 0", "WINDOW SYN 5 0");
  await peer.settled();
  knocks.expect((stream) => got.push(`c ${stream.id}`));
  peer.send("WINDOW SYN 7 0");
  await peer.settled();
  deepStrictEqual(got, ["a 1", "b 3", "nobody 5", "c 7"]);
});

test("Knocks resets a stream that nobody knocked for, if there is no default", async () => {
  await using peer = new RawPeer();
  new Knocks(peer.session);
  peer.send("WINDOW SYN 1 0");
  deepStrictEqual(await peer.got(1), ["WINDOW RST 1 0"]);
});

test("Knocks.expect() is over when no stream comes in time", async () => {
  await using peer = new RawPeer();
  const got: string[] = [];
  const knocks = new Knocks(peer.session, {
    streamTimeoutMs: 20,
    onUnannounced: () => got.push("nobody"),
  });
  knocks.expect(() => got.push("late"));
  const other = new RawPeer({ streamOpenTimeoutMs: 40 });
  await other.session.open();
  await other.over();
  peer.send("WINDOW SYN 1 0");
  await peer.settled();
  deepStrictEqual(got, ["nobody"]);
});

/** A knock that a test answers. */
function knocking(knocks: Knocks, log: string[], name: string) {
  let answer!: (error?: Error) => void;
  const answered = new Promise<void>((resolve, reject) => {
    answer = (error) => error === undefined ? resolve() : reject(error);
  });
  return {
    answer,
    knock: () => {
      log.push(name);
      return answered.then(() => knocks.open());
    },
  };
}

test("Knocks.dial() knocks, then opens, one at a time", async () => {
  await using peer = new RawPeer({ role: "client" });
  const knocks = new Knocks(peer.session);
  const log: string[] = [];
  const [a, b, c] = [
    knocking(knocks, log, "a"),
    knocking(knocks, log, "b"),
    knocking(knocks, log, "c"),
  ];
  const dials = [knocks.dial(a.knock), knocks.dial(b.knock), knocks.dial(c.knock)] as const;
  dials[1].catch(() => {});
  await peer.settled();
  deepStrictEqual([log, peer.frames], [["a"], []]);
  a.answer();
  strictEqual((await dials[0]).id, 1);
  await until(() => log.length === 2, "the second knock");
  deepStrictEqual(log, ["a", "b"]);
  b.answer(new Error("not at home"));
  await rejects(dials[1], /not at home/);
  c.answer();
  strictEqual((await dials[2]).id, 3);
});

test("Knocks.dial() that is aborted gives the peer the stream it expects, and ends it", async () => {
  await using peer = new RawPeer({ role: "client" });
  const knocks = new Knocks(peer.session);
  const log: string[] = [];
  const [a, b, c] = [
    knocking(knocks, log, "a"),
    knocking(knocks, log, "b"),
    knocking(knocks, log, "c"),
  ];
  const controller = new AbortController();
  const first = knocks.dial(a.knock, controller.signal);
  const second = knocks.dial(b.knock, controller.signal);
  const third = knocks.dial(c.knock, new AbortController().signal);
  await until(() => log.length === 1, "the knock");
  controller.abort(new Error("changed my mind"));
  await rejects(first, /changed my mind/);
  await rejects(second, /changed my mind/);
  a.answer();
  c.answer();
  strictEqual((await third).id, 3);
  deepStrictEqual(log, ["a", "c"]);
  deepStrictEqual(await peer.got(3), ["WINDOW SYN 1 0", "WINDOW FIN 1 0", "WINDOW SYN 3 0"]);
});

test("Knocks.dial() fails with the session", async () => {
  await using peer = new RawPeer({ role: "client" });
  const knocks = new Knocks(peer.session);
  knocks.expect(() => {});
  await peer.session.close();
  await rejects(knocks.dial(() => knocks.open()), { fault: "closed" });
  knocks.expect(() => {});
});

test("Knocks.dial() that waits for an answer ends with the session", async () => {
  await using peer = new RawPeer({ role: "client" });
  const knocks = new Knocks(peer.session);
  let knocked = 0;
  const never = () => {
    knocked++;
    return new Promise<never>(() => {});
  };
  const dials = [knocks.dial(never), knocks.dial(never)];
  await until(() => knocked === 1, "the first knock");
  await peer.session.close();
  for (const dial of dials) await rejects(dial, { fault: "closed" });
  strictEqual(knocked, 1);
});
