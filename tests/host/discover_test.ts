import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { discover, PermissionError } from "@x/goplugin/host";
import { discoverIn, type FileSystem } from "../../src/host/discover.ts";
import { makeTree, PATTERNS } from "./discover_patterns.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "discover-")));
after(() => rmSync(folder, { recursive: true }));
makeTree(folder);

for (const [glob, found] of PATTERNS) {
  test(`discover() with ${JSON.stringify(glob)} finds what Go's does`, async () => {
    if (found === undefined) await rejects(discover(glob, folder), RangeError);
    else deepStrictEqual(await discover(glob, folder), found.map((name) => join(folder, name)));
  });
}

test("discover() gives absolute paths for a directory relative to this process's", async () => {
  const expected = [join(folder, "dir/plugin-x")];
  const directory = relative(process.cwd(), folder);
  deepStrictEqual(await discover("plugin-*", join(directory, "dir")), expected);
  deepStrictEqual(await discover("dir/plugin-*", `${directory}//.`), expected);
  deepStrictEqual(await discover("plugin-*", `${directory}/dir-b/../dir/`), expected);
});

test("discover() takes a directory as it is called, whatever its name means in a pattern", async () => {
  const odd = join(folder, "dir", "[a]*\\");
  mkdirSync(join(odd, "plugin-1"), { recursive: true });
  deepStrictEqual(await discover("plugin-*", odd), [join(odd, "plugin-1")]);
  deepStrictEqual(await discover("", odd), [odd]);
  rmSync(odd, { recursive: true });
});

test("discover() finds nothing where there is no directory", async () => {
  deepStrictEqual(await discover("*", join(folder, "nowhere")), []);
  deepStrictEqual(await discover("", join(folder, "nowhere")), []);
  deepStrictEqual(await discover("*", join(folder, "plugin-one")), []);
});

test("discover() knows the root", async () => {
  deepStrictEqual(await discover("", "/"), ["/"]);
  deepStrictEqual(await discover("../..", "/tmp"), ["/"]);
  deepStrictEqual(await discover("tm[p]", "/"), ["/tmp"]);
});

/** A system of which a test says what it holds, directory by directory. */
function system(
  directories: Readonly<Record<string, readonly string[] | Error>>,
  given: Partial<FileSystem> = {},
): FileSystem {
  return {
    platform: "linux",
    permits: () => true,
    currentDirectory: () => "/work",
    listDirectory(path) {
      const found = directories[path] ?? new Error(`not expected here: ${path}`);
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    },
    ...given,
  };
}

test("discover() does not look into what leads to the first pattern", async () => {
  const files = system({ "/opt/a/b": ["p1", "x"] });
  deepStrictEqual(await discoverIn(files, "a/b/p*", "/opt"), ["/opt/a/b/p1"]);
});

test("discover() takes a directory that may not be read for an empty one, as Go does", async () => {
  const refused = Object.assign(new Error("EACCES"), { code: "EACCES" });
  const files = system({ "/opt": ["a", "b"], "/opt/a": refused, "/opt/b": ["p1"] });
  deepStrictEqual(await discoverIn(files, "*/p*", "/opt"), ["/opt/b/p1"]);
});

test("discover() passes other errors of the system on", async () => {
  const broken = Object.assign(new Error("EIO: the disk is gone"), { code: "EIO" });
  await rejects(discoverIn(system({ "/opt": broken }), "*", "/opt"), broken);
});

test("discover() names the flag that Deno lacks", async () => {
  const files = system({}, { permits: ({ kind }) => kind !== "read" });
  await rejects(discoverIn(files, "plugin-*", "/opt/plugins"), (error) => {
    ok(error instanceof PermissionError);
    deepStrictEqual(error.flags, ["--allow-read=/opt/plugins"]);
    deepStrictEqual(
      error.message,
      "Cannot look for plugins in /opt/plugins: add --allow-read=/opt/plugins",
    );
    return true;
  });
});

test("discover() on Windows: a backslash parts names, and takes no meaning", async () => {
  const files = system({
    "C:\\plugins": ["a.exe", "b.exe", "sub"],
    "C:\\plugins\\sub": ["c.exe", "d.txt"],
    "C:\\work\\near": ["e.exe"],
  }, { platform: "windows", currentDirectory: () => "C:\\work" });
  for (
    const [glob, directory, found] of [
      ["*.exe", "C:\\plugins", ["C:\\plugins\\a.exe", "C:\\plugins\\b.exe"]],
      ["sub\\*.exe", "C:\\plugins", ["C:\\plugins\\sub\\c.exe"]],
      ["sub/*.exe", "C:/plugins/", ["C:\\plugins\\sub\\c.exe"]],
      ["*.exe", "near", ["C:\\work\\near\\e.exe"]],
      ["..\\[ab].exe", "C:\\plugins\\sub", ["C:\\plugins\\a.exe", "C:\\plugins\\b.exe"]],
    ] as const
  ) {
    deepStrictEqual(await discoverIn(files, glob, directory), found, glob);
  }
});
