import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ListenError } from "../../src/errors.ts";
import { accessTo, usableGroup } from "../helpers/groups.ts";
import { connectTo, listening, pathOf } from "./listening.ts";

const { id, name } = usableGroup();

/** A system without a place for a socket. */
const NOWHERE = { temporaryDirectories: () => [] };

for (const socketGroup of [name, String(id)]) {
  test(`listen() shares its socket and its directory with the group ${socketGroup}`, async () => {
    const listener = await listening({ network: "unix", socketGroup });
    const path = pathOf(listener);
    deepStrictEqual(accessTo(path), { mode: "660", group: id });
    deepStrictEqual(accessTo(dirname(path)), { mode: "770", group: id });
    (await connectTo(listener.address)).destroy();
    await listener.close();
    deepStrictEqual([existsSync(path), existsSync(dirname(path))], [false, false]);
  });
}

test("listen() leaves a directory that it is given to whom it belongs", async () => {
  const socketDirectory = mkdtempSync(join(tmpdir(), "group-"));
  try {
    const before = accessTo(socketDirectory);
    const listener = await listening({ network: "unix", socketGroup: name, socketDirectory });
    deepStrictEqual(accessTo(pathOf(listener)), { mode: "660", group: id });
    deepStrictEqual(accessTo(socketDirectory), before);
    await listener.close();
  } finally {
    rmSync(socketDirectory, { recursive: true });
  }
});

test("listen() with a group that is not known leaves nothing, and never goes to TCP", async () => {
  const parent = mkdtempSync(join(tmpdir(), "group-"));
  try {
    for (const network of ["auto", "unix"] as const) {
      const runtime = { temporaryDirectories: () => [parent] };
      await rejects(listening({ network, socketGroup: "no such group", runtime }), (error) => {
        ok(error instanceof ListenError);
        match(
          error.message,
          /^Cannot listen on a unix socket: \/\S+: there is no group "no such group"$/,
        );
        return true;
      });
      deepStrictEqual(readdirSync(parent), []);
    }
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test("listen() with a group never goes to TCP where no socket can be", async () => {
  const entries: never[] = [];
  await rejects(
    listening({ network: "auto", socketGroup: name, runtime: NOWHERE, entries }),
    ListenError,
  );
  await rejects(
    listening({ network: "auto", socketGroup: name, socketDirectory: "/nonexistent", entries }),
    ListenError,
  );
  deepStrictEqual(entries, []);
});

test("listen() with a group that may not be used is an error of the system's", async () => {
  const refused = new Error("Operation not permitted");
  const runtime = { shareWithGroup: () => Promise.reject(refused) };
  await rejects(listening({ network: "auto", socketGroup: name, runtime }), (error) => {
    ok(error instanceof ListenError);
    strictEqual(error.cause, refused);
    return true;
  });
});

test("listen() on TCP asks for no group: on Windows, and where TCP was chosen", async () => {
  const shareWithGroup = () => {
    throw new Error("not expected here");
  };
  for (const [network, platform] of [["auto", "windows"], ["tcp", "linux"]] as const) {
    const listener = await listening({
      network,
      socketGroup: "no such group",
      runtime: { platform, shareWithGroup },
    });
    strictEqual(listener.address.network, "tcp");
    await listener.close();
  }
});
