import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ListenError } from "../../src/errors.ts";
import { type ClientConfig, resolveConfig } from "../../src/host/config.ts";
import { childEnvironment, makeSocketDirectory } from "../../src/host/environment.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fakeRuntime } from "../transport/fake_runtime.ts";

/** What a host says in these tests. */
function configured(overrides: Partial<ClientConfig> = {}) {
  const config = {
    handshake: { protocolVersion: 1, magicCookieKey: "COOKIE", magicCookieValue: "value" },
    plugins: {},
    command: ["plugin"],
    logger: recordLogs().logger,
    ...overrides,
  };
  return resolveConfig(config as ClientConfig);
}

/** A system that makes directories and keeps what was done with them. */
function system(given: Partial<Runtime> = {}) {
  const done: unknown[][] = [];
  const runtime = fakeRuntime({
    currentDirectory: () => "/srv",
    temporaryDirectories: () => ["/tmp"],
    makePrivateDirectory(parent) {
      done.push(["make", parent]);
      return Promise.resolve(`${parent}/goplugin-1`);
    },
    shareWithGroup(...args) {
      done.push(["share", ...args]);
      return Promise.resolve();
    },
    removeTree(path) {
      done.push(["remove", path]);
      return Promise.resolve();
    },
    async *readFile() {
      yield await Promise.resolve(new TextEncoder().encode("staff:x:50:\n"));
    },
    outputOf: () => "",
    ...given,
  });
  return { runtime, done };
}

const WINDOWS = fakeRuntime({ platform: "windows" });
const LINUX = fakeRuntime({});

test("childEnvironment() tells a plugin group and directory, and not on Windows", () => {
  const config = configured({ unixSocket: { group: "staff" } });
  const { env, withoutEnv } = childEnvironment(LINUX, config, undefined, "/tmp/goplugin-1");
  deepStrictEqual(env, {
    COOKIE: "value",
    PLUGIN_MIN_PORT: "10000",
    PLUGIN_MAX_PORT: "25000",
    PLUGIN_PROTOCOL_VERSIONS: "1",
    PLUGIN_UNIX_SOCKET_DIR: "/tmp/goplugin-1",
    PLUGIN_UNIX_SOCKET_GROUP: "staff",
  });
  deepStrictEqual([...withoutEnv].sort(), ["PLUGIN_CLIENT_CERT", "PLUGIN_MULTIPLEX_GRPC"]);
  const onWindows = childEnvironment(WINDOWS, config, undefined, undefined);
  deepStrictEqual(onWindows.env, {
    COOKIE: "value",
    PLUGIN_MIN_PORT: "10000",
    PLUGIN_MAX_PORT: "25000",
    PLUGIN_PROTOCOL_VERSIONS: "1",
  });
  // Nor does it inherit them.
  ok(onWindows.withoutEnv.includes("PLUGIN_UNIX_SOCKET_GROUP"));
  ok(onWindows.withoutEnv.includes("PLUGIN_UNIX_SOCKET_DIR"));
});

test("childEnvironment() tells a plugin on Windows the range of ports", () => {
  const config = configured({ minPort: 4000, maxPort: 4010 });
  const { env } = childEnvironment(WINDOWS, config, undefined, undefined);
  deepStrictEqual([env.PLUGIN_MIN_PORT, env.PLUGIN_MAX_PORT], ["4000", "4010"]);
});

test("childEnvironment() lets the user's variables stand, and go-plugin's win", () => {
  const config = configured({ env: { A: "user", COOKIE: "other", PLUGIN_MIN_PORT: "1" } });
  const { env } = childEnvironment(LINUX, config, undefined, undefined);
  deepStrictEqual([env.A, env.COOKIE, env.PLUGIN_MIN_PORT], ["user", "value", "10000"]);
});

test("makeSocketDirectory() makes none on Windows, whatever was asked for", async () => {
  for (const unixSocket of [{}, { group: "staff" }, { tempDir: "C:\\Temp" }]) {
    strictEqual(await makeSocketDirectory(WINDOWS, configured({ unixSocket })), undefined);
  }
});

test("makeSocketDirectory() makes a private one in the first temporary directory that will do", async () => {
  const long = `/${"t".repeat(90)}`;
  const { runtime, done } = system({
    temporaryDirectories: () => [long, "/locked", "/tmp"],
    permits: (access) => !("path" in access && access.path === "/locked"),
  });
  strictEqual(await makeSocketDirectory(runtime, configured()), "/tmp/goplugin-1");
  deepStrictEqual(done, [["make", "/tmp"]]);
});

test("makeSocketDirectory() gives it to the group", async () => {
  for (const group of ["staff", "50"]) {
    const { runtime, done } = system();
    await makeSocketDirectory(runtime, configured({ unixSocket: { group, tempDir: "shared" } }));
    deepStrictEqual(done, [["make", "/srv/shared"], [
      "share",
      "/srv/shared/goplugin-1",
      50,
      0o770,
    ]]);
  }
});

test("makeSocketDirectory() removes what could not be given to the group", async () => {
  const refused = new Error("Operation not permitted");
  for (
    const [group, given] of [
      ["unknown", {}],
      ["staff", { shareWithGroup: () => Promise.reject(refused) }],
    ] as const
  ) {
    const { runtime, done } = system(given);
    await rejects(
      makeSocketDirectory(runtime, configured({ unixSocket: { group } })),
      (error) => {
        ok(error instanceof ListenError);
        match(error.message, /^Cannot make a directory for the plugin's sockets in \/tmp: /);
        match(error.message, group === "unknown" ? /no group "unknown"/ : /not permitted/);
        return true;
      },
    );
    deepStrictEqual(done, [["make", "/tmp"], ["remove", "/tmp/goplugin-1"]]);
  }
});

test("makeSocketDirectory() leaves a plugin to its own where none can be had", async () => {
  const failing = () => Promise.reject(new Error("the disk is full"));
  for (
    const { runtime } of [
      system({ temporaryDirectories: () => [] }),
      system({ makePrivateDirectory: failing }),
    ]
  ) {
    strictEqual(await makeSocketDirectory(runtime, configured()), undefined);
  }
  const { runtime } = system({ makePrivateDirectory: failing });
  const asked = configured({ unixSocket: { tempDir: "/tmp" } });
  await rejects(makeSocketDirectory(runtime, asked), /sockets in \/tmp: the disk is full$/);
});

test("makeSocketDirectory() makes none where the user's variables name one", async () => {
  const { runtime, done } = system();
  const config = configured({ env: { PLUGIN_UNIX_SOCKET_DIR: "/mine" } });
  strictEqual(await makeSocketDirectory(runtime, config), undefined);
  deepStrictEqual(done, []);
});
