import { strictEqual } from "node:assert/strict";
import { tmpdir } from "node:os";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { isPrivateDirectory, loadRuntime } from "../../src/runtime/runtime.ts";

test("isPrivateDirectory() knows what makePrivateDirectory() makes", async () => {
  const runtime = await loadRuntime();
  const path = await runtime.makePrivateDirectory(tmpdir());
  await rm(path, { recursive: true });
  strictEqual(isPrivateDirectory(path), true);
});

for (
  const [path, isOurs] of [
    ["/tmp/goplugin-a75ecf9edf0c619f", true],
    ["/tmp/goplugin-Xy12Zz", true],
    ["C:\\Temp\\goplugin-Xy12Zz", true],
    ["/tmp/goplugin-sockets", true], // Looks like one.
    ["/tmp/goplugin-", false],
    ["/tmp/goplugin-Xy12Zz/sub", false],
    ["/tmp/my-goplugin-Xy12Zz", false],
    ["/tmp/goplugin-my-sockets", false],
    ["/tmp/plugin-dir123456", false],
    ["/", false],
  ] as const
) {
  test(`isPrivateDirectory() of ${JSON.stringify(path)} is ${isOurs}`, () => {
    strictEqual(isPrivateDirectory(path), isOurs);
  });
}
