import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { ListenError } from "../../src/errors.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { connectTo, dropped, listening, pathOf, textFrom } from "./listening.ts";

const folder = mkdtempSync(join(tmpdir(), "unix-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A directory of its own for one test. */
function newDirectory(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

test("listen() makes a unix socket in a directory that only its user can enter", async () => {
  const listener = await listening({ network: "unix" });
  const path = pathOf(listener);
  strictEqual(statSync(path).isSocket(), true);
  strictEqual(statSync(dirname(path)).mode & 0o777, 0o700);
  deepStrictEqual(readdirSync(dirname(path)).length, 1);
  await listener.close();
});

test("listen() gives every listener a socket of its own", async () => {
  const listeners = await Promise.all([listening(), listening(), listening()]);
  strictEqual(new Set(listeners.map(pathOf)).size, 3);
  await Promise.all(listeners.map((listener) => listener.close()));
});

test("Listener.close() removes socket and directory, and may be called twice", async () => {
  const listener = await listening({ network: "unix" });
  const path = pathOf(listener);
  await listener.close();
  deepStrictEqual([existsSync(path), existsSync(dirname(path))], [false, false]);
  await listener.close();
  deepStrictEqual([existsSync(path), existsSync(dirname(path))], [false, false]);
});

test("Listener.close() may be called twice at once", async () => {
  const listener = await listening({ network: "unix" });
  await Promise.all([listener.close(), listener.close()]);
  strictEqual(existsSync(dirname(pathOf(listener))), false);
});

test("Listener.close() takes a socket that somebody removed before", async () => {
  const listener = await listening({ network: "unix" });
  rmSync(dirname(pathOf(listener)), { recursive: true });
  await listener.close();
  strictEqual(existsSync(dirname(pathOf(listener))), false);
});

test("listen() uses the directory it is given, and close() leaves that in place", async () => {
  const socketDirectory = newDirectory("given");
  writeFileSync(join(socketDirectory, "other"), "");
  const listener = await listening({ network: "unix", socketDirectory });
  strictEqual(dirname(pathOf(listener)), socketDirectory);
  match(pathOf(listener), /\/plugin\d+$/);
  await listener.close();
  deepStrictEqual(readdirSync(socketDirectory), ["other"]);
});

test("listen() says which socket it cannot make, and why", async () => {
  const socketDirectory = join(folder, "nowhere");
  await rejects(listening({ network: "unix", socketDirectory }), (error) => {
    ok(error instanceof ListenError);
    strictEqual(error.code, "listen");
    match(error.message, /^Cannot listen on a unix socket: \/.*\/nowhere\/plugin\d+: \S/);
    ok(error.cause instanceof Error);
    return true;
  });
});

test("listen() binds paths up to the longest that it allows", async () => {
  // The name is `plugin` and at most ten digits.
  const room = 103 - "/plugin4294967295".length - folder.length - 1;
  const socketDirectory = newDirectory("l".repeat(room));
  const listener = await listening({ network: "unix", socketDirectory });
  (await connectTo(listener.address)).destroy();
  await listener.close();
  deepStrictEqual(readdirSync(socketDirectory), []);
});

test("listen() finds a path, however long the first temporary directory is", async () => {
  const { temporaryDirectories } = await loadRuntime();
  for (let length = folder.length + 2; length < 110; length++) {
    const long = newDirectory("t".repeat(length - folder.length - 1));
    const runtime = { temporaryDirectories: () => [long, ...temporaryDirectories()] };
    const listener = await listening({ network: "unix", runtime });
    ok(pathOf(listener).length <= 107);
    await listener.close();
    deepStrictEqual(readdirSync(long), [], `${length} bytes`);
  }
});

test("Listener.accept() hands over connections, in both directions", async () => {
  const listener = await listening();
  listener.accept((connection) => connection.pipe(connection));
  const client = await connectTo(listener.address);
  const echo = textFrom(client);
  client.write("there and back");
  strictEqual(await echo, "there and back");
  client.destroy();
  await listener.close();
});

test("Listener.accept() hands over connections that were made before it", async () => {
  const listener = await listening();
  const clients = [await connectTo(listener.address), await connectTo(listener.address)];
  for (const client of clients) client.write("early");
  const accepted: Socket[] = [];
  const greeted = clients.map(textFrom);
  listener.accept((connection) => {
    accepted.push(connection);
    connection.once("data", (bytes) => connection.write(`${bytes} was heard`));
  });
  const late = await connectTo(listener.address);
  late.write("late");
  deepStrictEqual(await Promise.all([...greeted, textFrom(late)]), [
    "early was heard",
    "early was heard",
    "late was heard",
  ]);
  strictEqual(accepted.length, 3);
  await listener.close();
});

test("Listener.close() drops connections, accepted or not", async () => {
  for (const isAccepted of [true, false]) {
    const listener = await listening();
    const connected = new Promise((resolve) => isAccepted ? listener.accept(resolve) : resolve(0));
    const client = await connectTo(listener.address);
    await connected;
    const end = dropped(client);
    await listener.close();
    await end;
    strictEqual(client.destroyed, true);
  }
});

test("Listener.close() lets the last bytes out", async () => {
  const listener = await listening();
  const last = "l".repeat(1_000_000);
  const ending = new Promise<void>((resolve) =>
    listener.accept((connection) => {
      connection.end(last);
      resolve();
    })
  );
  const client = await connectTo(listener.address);
  let received = 0;
  client.on("data", (bytes) => received += bytes.length);
  await ending;
  await Promise.all([listener.close(), dropped(client)]);
  strictEqual(received, last.length);
});

test("Listener.close() lets nobody in any more", async () => {
  const listener = await listening();
  await listener.close();
  await rejects(connectTo(listener.address), { code: "ENOENT" });
});

test("Listener lives on when a peer goes away in the middle", async () => {
  const listener = await listening();
  listener.accept((connection) => connection.on("data", () => connection.write("a".repeat(1e6))));
  for (let i = 0; i < 3; i++) {
    const client = await connectTo(listener.address);
    client.write("more than is read");
    await textFrom(client);
    client.destroy();
  }
  const client = await connectTo(listener.address);
  client.write("again");
  match(await textFrom(client), /^a/);
  await listener.close();
});
