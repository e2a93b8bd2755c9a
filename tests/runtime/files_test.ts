import {
  deepStrictEqual,
  match,
  notStrictEqual,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { loadRuntime } from "../../src/runtime/runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "files-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A directory of its own for one test, with a file in it. */
function populated(name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, "deeper"), { recursive: true });
  writeFileSync(join(path, "deeper", "file"), "content");
  return path;
}

test("Runtime.makePrivateDirectory() makes a directory that only its user can enter", async () => {
  const runtime = await loadRuntime();
  const path = await runtime.makePrivateDirectory(folder);
  strictEqual(dirname(path), folder);
  match(basename(path), /^goplugin-\w+$/);
  const { mode, uid } = statSync(path);
  deepStrictEqual([mode & 0o777, uid], [0o700, process.getuid?.()]);
});

test("Runtime.makePrivateDirectory() makes another one each time", async () => {
  const runtime = await loadRuntime();
  const first = await runtime.makePrivateDirectory(folder);
  notStrictEqual(await runtime.makePrivateDirectory(folder), first);
});

test("Runtime.makePrivateDirectory() rejects where nothing can be made", async () => {
  const runtime = await loadRuntime();
  await rejects(async () => await runtime.makePrivateDirectory(join(folder, "nowhere")));
});

test("Runtime.removeSync() removes a file", async () => {
  const path = join(populated("file"), "deeper", "file");
  (await loadRuntime()).removeSync(path);
  strictEqual(existsSync(path), false);
});

test("Runtime.removeSync() removes an empty directory", async () => {
  const path = join(folder, "empty");
  mkdirSync(path);
  (await loadRuntime()).removeSync(path);
  strictEqual(existsSync(path), false);
});

test("Runtime.removeSync() leaves a directory that is not empty", async () => {
  const path = populated("full");
  const runtime = await loadRuntime();
  throws(() => runtime.removeSync(path));
  strictEqual(existsSync(join(path, "deeper", "file")), true);
});

test("Runtime.removeSync() removes a link and not what it points to", async () => {
  const runtime = await loadRuntime();
  const path = populated("linked");
  const link = join(folder, "link");
  for (const target of [path, join(path, "deeper", "file"), join(folder, "nowhere")]) {
    symlinkSync(target, link);
    runtime.removeSync(link);
    strictEqual(existsSync(join(path, "deeper", "file")), true);
  }
});

test("Runtime.removeSync() takes a path that is not there", async () => {
  const runtime = await loadRuntime();
  strictEqual(runtime.removeSync(join(folder, "nowhere")), undefined);
  strictEqual(runtime.removeSync(join(folder, "nowhere", "deeper")), undefined);
});

test("Runtime.removeTree() removes a directory with all that is in it", async () => {
  const path = populated("tree");
  await (await loadRuntime()).removeTree(path);
  strictEqual(existsSync(path), false);
});

test("Runtime.removeTree() takes a path that is not there", async () => {
  const runtime = await loadRuntime();
  strictEqual(await runtime.removeTree(join(folder, "nowhere")), undefined);
});

for (
  const [set, directories] of [
    ["/var/tmp", ["/var/tmp", "/tmp"]],
    ["/tmp", ["/tmp"]],
    ["", ["/tmp"]],
    [undefined, ["/tmp"]],
  ] as const
) {
  test(`Runtime.temporaryDirectories() are ${directories.join(", ")} if TMPDIR is ${set}`, async () => {
    const runtime = await loadRuntime();
    const before = process.env.TMPDIR;
    setTmpdir(set);
    try {
      deepStrictEqual(runtime.temporaryDirectories(), directories);
    } finally {
      setTmpdir(before);
    }
  });
}

function setTmpdir(value: string | undefined): void {
  if (value === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = value;
}
