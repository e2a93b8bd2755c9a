/** What a session leaves behind: no timer. Deno does not say which timers there are. */
import { ok, strictEqual } from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { test } from "node:test";
import { isDeno } from "../helpers/program.ts";
import { until } from "../helpers/wait.ts";
import { RawPeer } from "./raw_peer.ts";

test("a session ends every timer that it started", {
  skip: isDeno ? "needs node:async_hooks" : false,
}, async () => {
  const running = new Map<number, string>();
  let started = 0;
  const hook = createHook({
    init(id, type) {
      if (type !== "Timeout") return;
      const from = new Error().stack ?? "";
      if (!from.includes("src/mux/")) return;
      started++;
      running.set(id, from);
    },
    destroy(id) {
      running.delete(id);
    },
  }).enable();
  try {
    const peer = new RawPeer({ role: "client", keepAliveIntervalMs: 600_000 });
    const pinged = peer.session.ping().catch((error) => error);
    const [accepted, lingering, full] = [
      await peer.session.open(),
      await peer.session.open(),
      await peer.session.open(),
    ];
    peer.send("WINDOW ACK 1 0");
    await peer.settled();
    accepted.end();
    lingering.destroy();
    peer.connection.pause();
    full.write(new Uint8Array(250_000));
    const closed = peer.session.close();
    peer.connection.resume();
    await closed;
    await pinged;
    // What a cleared timer was is told a little later.
    await until(() => running.size === 0, "the end of the timers").catch(() => {});
    ok(started >= 6, `${started} timers`);
    strictEqual([...running.values()].join("\n"), "");
  } finally {
    hook.disable();
  }
});
