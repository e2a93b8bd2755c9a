import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ListenError, PermissionError } from "../../src/errors.ts";
import type { Access, Runtime } from "../../src/runtime/runtime.ts";
import {
  chooseSocketPath,
  fitsSocketPath,
  maxSocketPathBytes,
} from "../../src/transport/socket_path.ts";
import { fakeRuntime } from "./fake_runtime.ts";

/** A runtime with these temporary directories, and the private ones it was asked for. */
function withDirectories(directories: readonly string[], given: Partial<Runtime> = {}) {
  const parents: string[] = [];
  const runtime = fakeRuntime({
    temporaryDirectories: () => directories,
    makePrivateDirectory: (parent) => {
      parents.push(parent);
      return Promise.resolve(`${parent}/goplugin-private`);
    },
    ...given,
  });
  return { runtime, parents };
}

/** The error of a choice that must fail. */
async function refused(runtime: Runtime, directory?: string): Promise<ListenError> {
  const error = await chooseSocketPath(runtime, directory).then(() => undefined, (error) => error);
  ok(error instanceof ListenError, `not a ListenError: ${error}`);
  strictEqual(error.code, "listen");
  match(error.message, /^Cannot listen on a unix socket: /);
  return error;
}

/** The flags that a choice names which fails for want of them. */
async function withheld(runtime: Runtime, directory?: string): Promise<readonly string[]> {
  const error = await chooseSocketPath(runtime, directory).then(() => undefined, (error) => error);
  ok(error instanceof PermissionError, `not a PermissionError: ${error}`);
  strictEqual(error.message, `Cannot listen on a unix socket: add ${error.flags.join(" ")}`);
  return error.flags;
}

for (
  const [platform, limit] of [
    ["linux", 107],
    ["android", 107],
    ["darwin", 103],
    ["freebsd", 103],
    ["netbsd", 103],
  ] as const
) {
  test(`fitsSocketPath() allows ${limit} bytes on ${platform}`, () => {
    strictEqual(maxSocketPathBytes(platform), limit);
    for (const wide of ["", "é", "é€", "é€𝄞"]) {
      const padding = limit - 1 - Buffer.byteLength(wide);
      const longest = `/${wide}${"a".repeat(padding)}`;
      strictEqual(Buffer.byteLength(longest), limit);
      strictEqual(fitsSocketPath(longest, platform), true);
      strictEqual(fitsSocketPath(`${longest}a`, platform), false);
    }
    strictEqual(fitsSocketPath(`/${"é".repeat(limit / 2)}a`, platform), false);
  });
}

test("chooseSocketPath() chooses a path in a private directory of its own", async () => {
  const { runtime, parents } = withDirectories(["/tmp"]);
  const { path, directory } = await chooseSocketPath(runtime, undefined);
  strictEqual(directory, "/tmp/goplugin-private");
  match(path, /^\/tmp\/goplugin-private\/plugin\d+$/);
  deepStrictEqual(parents, ["/tmp"]);
});

test("chooseSocketPath() chooses a path in the directory the host named", async () => {
  const { path, ...others } = await chooseSocketPath(fakeRuntime({}), "/run/host");
  match(path, /^\/run\/host\/plugin\d+$/);
  deepStrictEqual(others, {});
});

test("chooseSocketPath() chooses another name each time", async () => {
  const first = await chooseSocketPath(fakeRuntime({}), "/run");
  notStrictEqual((await chooseSocketPath(fakeRuntime({}), "/run")).path, first.path);
});

test("chooseSocketPath() refuses a directory whose path is too long, counted in bytes", async () => {
  const error = await refused(fakeRuntime({}), `/${"é".repeat(50)}`);
  match(error.message, /éé\/plugin\d+ is longer than 107 bytes/);
  const { path } = await chooseSocketPath(fakeRuntime({}), `/${"e".repeat(50)}`);
  match(path, /^\/e+\/plugin\d+$/);
  await refused(fakeRuntime({ platform: "darwin" }), `/${"e".repeat(98)}`);
});

for (
  const [what, first] of [["too long", `/${"é".repeat(60)}`], ["not to be had", "/bad"]] as const
) {
  test(`chooseSocketPath() takes the second directory where the first is ${what}`, async () => {
    const { runtime } = withDirectories([first, "/tmp"], {
      makePrivateDirectory: (parent) =>
        parent === "/bad"
          ? Promise.reject(new Error("read-only file system"))
          : Promise.resolve(`${parent}/own`),
    });
    const { path, directory } = await chooseSocketPath(runtime, undefined);
    strictEqual(directory, "/tmp/own");
    match(path, /^\/tmp\/own\/plugin\d+$/);
  });
}

test("chooseSocketPath() says what is in the way of each directory", async () => {
  const long = `/${"a".repeat(100)}`;
  const { runtime } = withDirectories([long, "/a|b", "/read-only"], {
    makePrivateDirectory: () => Promise.reject(new Error("EROFS: read-only file system")),
  });
  const { message } = await refused(runtime);
  const obstacles = message.replace("Cannot listen on a unix socket: ", "").split("; ");
  strictEqual(obstacles.length, 3, message);
  match(obstacles[0] ?? "", /^the path \/a{100}\/.* is longer than 107 bytes$/);
  match(obstacles[1] ?? "", /^the path "\/a\|b\/.*" cannot stand in a handshake$/);
  strictEqual(obstacles[2], "EROFS: read-only file system");
});

test("chooseSocketPath() names the flags for the first directory that needs no more", async () => {
  const { runtime, parents } = withDirectories([`/${"a".repeat(100)}`, "/locked", "/locked/too"], {
    permits: (access) => !("path" in access && access.path?.startsWith("/locked")),
  });
  deepStrictEqual(await withheld(runtime), ["--allow-read=/locked", "--allow-write=/locked"]);
  deepStrictEqual(parents, []);
});

test("chooseSocketPath() takes a directory that is permitted before one that is not", async () => {
  const { runtime } = withDirectories(["/locked", "/tmp"], {
    permits: (access) => !("path" in access && access.path?.startsWith("/locked")),
  });
  strictEqual((await chooseSocketPath(runtime, undefined)).directory, "/tmp/goplugin-private");
});

test("chooseSocketPath() says that there is no temporary directory", async () => {
  match((await refused(withDirectories([]).runtime)).message, /: no temporary directory$/);
});

for (const character of ["|", "\n", "\r"]) {
  test(`chooseSocketPath() refuses ${JSON.stringify(character)} in a path`, async () => {
    const bad = `/a${character}b`;
    const { runtime, parents } = withDirectories([bad]);
    match((await refused(runtime)).message, /cannot stand in a handshake/);
    match((await refused(runtime, bad)).message, /cannot stand in a handshake/);
    deepStrictEqual(parents, []);
  });
}

for (
  const [kinds, flags] of [
    [["read"], "--allow-read=/run/host"],
    [["write"], "--allow-write=/run/host"],
    [["read", "write"], "--allow-read=/run/host --allow-write=/run/host"],
    // Deno has no flag for the sockets of a directory.
    [["net"], "--allow-net"],
  ] as const
) {
  test(`chooseSocketPath() names the flag that is missing: ${flags}`, async () => {
    const permits = ({ kind }: Access) => !kinds.some((missing) => missing === kind);
    const { runtime, parents } = withDirectories(["/run/host"], { permits });
    deepStrictEqual((await withheld(runtime)).join(" "), flags);
    // The name in the directory is another one next time: a flag for it would be of no use.
    deepStrictEqual((await withheld(runtime, "/run/host")).join(" "), flags);
    deepStrictEqual(parents, []);
  });
}
