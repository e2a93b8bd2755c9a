import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { PermissionError } from "../../src/errors.ts";
import { followHost } from "../../src/plugin/follow_host.ts";
import { ShutdownRequest } from "../../src/plugin/shutdown.ts";
import { within } from "../helpers/wait.ts";
import { fakeRuntime } from "../transport/fake_runtime.ts";
import { caught } from "../wire/caught.ts";

const HOST = 4711;

test("followHost() stops the plugin when it gets another parent", async () => {
  let parent = HOST;
  const shutdown = new ShutdownRequest();
  const stop = followHost(fakeRuntime({ parentPid: () => parent }), shutdown);
  parent = 1;
  strictEqual(await within(shutdown.made, "the shutdown"), "the host is gone");
  stop();
});

test("followHost() on Windows, where the parent stays the same, looks whether it runs", async () => {
  let isAlive = true;
  const looked: number[] = [];
  const runtime = fakeRuntime({
    platform: "windows",
    parentPid: () => HOST,
    isAlive: (pid) => {
      looked.push(pid);
      return isAlive;
    },
  });
  const shutdown = new ShutdownRequest();
  const stop = followHost(runtime, shutdown);
  isAlive = false;
  strictEqual(await within(shutdown.made, "the shutdown"), "the host is gone");
  stop();
  strictEqual(new Set(looked).size, 1);
  strictEqual(looked[0], HOST);
});

test("followHost() on Windows sees at once that the host is gone already", async () => {
  const runtime = fakeRuntime({
    platform: "windows",
    parentPid: () => HOST,
    isAlive: () => false,
  });
  const shutdown = new ShutdownRequest();
  const stop = followHost(runtime, shutdown);
  stop();
  strictEqual(await within(shutdown.made, "the shutdown"), "the host is gone");
});

test("followHost() says at once that it may not look", () => {
  const runtime = fakeRuntime({
    platform: "windows",
    parentPid: () => HOST,
    isAlive: () => {
      throw new PermissionError(`Cannot look for process ${HOST}`, ["--allow-run"]);
    },
  });
  caught(PermissionError, () => followHost(runtime, new ShutdownRequest()));
});
