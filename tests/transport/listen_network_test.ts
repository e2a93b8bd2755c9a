import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ListenError } from "../../src/errors.ts";
import type { RecordedEntry } from "../helpers/logs.ts";
import { holdPorts, listening, portOf, release } from "./listening.ts";

/** A system without a place for a socket. */
const NOWHERE = { temporaryDirectories: () => [] };

function unexpected(): never {
  throw new Error("not expected here");
}

test("listen() with network auto prefers a unix socket, and asks for no ports", async () => {
  const entries: RecordedEntry[] = [];
  const listener = await listening({ network: "auto", ports: unexpected, entries });
  strictEqual(listener.address.network, "unix");
  deepStrictEqual(entries, []);
  await listener.close();
});

test("listen() with network auto goes to TCP where no socket can be, and says why", async () => {
  const entries: RecordedEntry[] = [];
  const listener = await listening({ network: "auto", runtime: NOWHERE, entries });
  strictEqual(listener.address.network, "tcp");
  deepStrictEqual(entries.map(({ level, message, fields }) => ({ level, message, fields })), [{
    level: "info",
    message: "listening on TCP instead of a unix socket",
    fields: { reason: "Cannot listen on a unix socket: no temporary directory" },
  }]);
  await listener.close();
});

test("listen() with network auto goes to TCP where the host's directory is of no use", async () => {
  const entries: RecordedEntry[] = [];
  const socketDirectory = join(tmpdir(), "nowhere");
  const listener = await listening({ network: "auto", socketDirectory, entries });
  strictEqual(listener.address.network, "tcp");
  match(String(entries[0]?.fields.reason), /nowhere/);
  await listener.close();
});

test("listen() with network unix insists", async () => {
  await rejects(listening({ network: "unix", runtime: NOWHERE, ports: unexpected }), (error) => {
    ok(error instanceof ListenError);
    strictEqual(error.message, "Cannot listen on a unix socket: no temporary directory");
    return true;
  });
});

test("listen() with network tcp looks for no directory", async () => {
  const entries: RecordedEntry[] = [];
  const runtime = { temporaryDirectories: unexpected, makePrivateDirectory: unexpected };
  const listener = await listening({ network: "tcp", runtime, entries });
  strictEqual(listener.address.network, "tcp");
  deepStrictEqual(entries, []);
  await listener.close();
});

test("listen() with network auto goes to TCP on Windows, without a word", async () => {
  const entries: RecordedEntry[] = [];
  const runtime = { platform: "windows", temporaryDirectories: unexpected };
  const listener = await listening({ network: "auto", runtime, entries });
  strictEqual(listener.address.network, "tcp");
  deepStrictEqual(entries, []);
  await listener.close();
});

test("listen() with network auto takes the first free port of the range on Windows", async () => {
  const { min, servers } = await holdPorts(3);
  // The second one is free, the first and the third are not.
  await release(servers.splice(1, 1));
  const listener = await listening({
    network: "auto",
    ports: () => ({ min, max: min + 2 }),
    runtime: { platform: "windows" },
  });
  strictEqual(portOf(listener), min + 1);
  await listener.close();
  await release(servers);
});

test("listen() with network auto fails on Windows where the range is taken", async () => {
  const { min, servers } = await holdPorts(2);
  const runtime = { platform: "windows", temporaryDirectories: unexpected };
  await rejects(
    listening({ network: "auto", ports: () => ({ min, max: min + 1 }), runtime }),
    (error) => {
      ok(error instanceof ListenError);
      match(error.message, new RegExp(`ports ${min} to ${min + 1}: `));
      return true;
    },
  );
  await release(servers);
});

test("listen() with network unix insists on Windows too", async () => {
  const listener = await listening({ network: "unix", runtime: { platform: "windows" } });
  strictEqual(listener.address.network, "unix");
  await listener.close();
});
