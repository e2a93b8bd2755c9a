/** A tree of files, and what Go's `filepath.Glob` finds in it; tests/interop/discover_test.ts asks Go. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILES = [
  ".hidden",
  "a^b",
  "back\\slash",
  "plugin-10",
  "plugin-one",
  "plugin-two",
  "plugin-two.exe",
  "star*name",
  "x!y",
  "x-y",
  "x]y",
  "é",
  "😀",
  "dir/deep/plugin-z",
  "dir/plugin-x",
  "dir-b/plugin-x",
  "dir-b/plugin-y",
];

/** Makes the tree in an empty directory. */
export function makeTree(folder: string): void {
  for (const directory of ["dir/deep", "dir-b"]) {
    mkdirSync(join(folder, directory), { recursive: true });
  }
  for (const name of FILES) writeFileSync(join(folder, name), "");
  symlinkSync("dir", join(folder, "link"));
  symlinkSync("nowhere", join(folder, "dangling"));
  symlinkSync("loop", join(folder, "loop"));
}

/** Each pattern with the paths that it finds, or `undefined` where it is malformed. */
export const PATTERNS: readonly (readonly [glob: string, found: readonly string[] | undefined])[] =
  [
    ["plugin-*", ["plugin-10", "plugin-one", "plugin-two", "plugin-two.exe"]],
    ["plugin-two", ["plugin-two"]],
    ["plugin-two*", ["plugin-two", "plugin-two.exe"]],
    ["plugin-???", ["plugin-one", "plugin-two"]],
    ["*.exe", ["plugin-two.exe"]],
    ["plugin-[ot]*", ["plugin-one", "plugin-two", "plugin-two.exe"]],
    ["plugin-[^o]*", ["plugin-10", "plugin-two", "plugin-two.exe"]],
    ["plugin-[0-9]*", ["plugin-10"]],
    ["plugin-[!o]*", ["plugin-one"]],
    ["plugin-[a-fo-z]*", ["plugin-one", "plugin-two", "plugin-two.exe"]],
    ["plugin-[z-a]*", []],
    ["plugin-[^z-a]*", ["plugin-10", "plugin-one", "plugin-two", "plugin-two.exe"]],
    ["plugin.two", []],
    ["PLUGIN-*", []],
    [".*", [".hidden"]],
    ["*hidden", [".hidden"]],
    ["?", ["é", "😀"]],
    ["[à-ü]", ["é"]],
    ["[^a]", ["é", "😀"]],
    ["star\\*name", ["star*name"]],
    ["plugin\\-one", ["plugin-one"]],
    ["star[*]name", ["star*name"]],
    ["back\\\\slash", ["back\\slash"]],
    ["back[\\\\]slash", ["back\\slash"]],
    ["x[\\]]y", ["x]y"]],
    ["x[!\\-]y", ["x!y", "x-y"]],
    ["x[^!]y", ["x-y", "x]y"]],
    ["a[b^]b", ["a^b"]],
    ["a^b", ["a^b"]],
    ["x]y", ["x]y"]],
    ["dir/*", ["dir/deep", "dir/plugin-x"]],
    ["dir*/plugin-*", ["dir/plugin-x", "dir-b/plugin-x", "dir-b/plugin-y"]],
    ["*/plugin-x", ["dir/plugin-x", "dir-b/plugin-x", "link/plugin-x"]],
    ["*/*/*", ["dir/deep/plugin-z", "link/deep/plugin-z"]],
    ["link/plugin-*", ["link/plugin-x"]],
    ["link", ["link"]],
    ["d*g", ["dangling"]],
    ["dangling", ["dangling"]],
    ["dangling/*", []],
    ["loop/*", []],
    ["plugin-one/*", []],
    ["nowhere", []],
    ["nowhere/*", []],
    ["**/plugin-x", ["dir/plugin-x", "dir-b/plugin-x", "link/plugin-x"]],
    ["./dir//plugin-*", ["dir/plugin-x"]],
    ["dir/../plugin-one", ["plugin-one"]],
    ["d*/../plugin-o*", ["plugin-one"]],
    ["dir/deep/../../dir-b/*x", ["dir-b/plugin-x"]],
    ["/plugin-one", ["plugin-one"]],
    ["dir/", ["dir"]],
    ["", [""]],
    [".", [""]],
    ["[", undefined],
    ["[]", undefined],
    ["[]a]", undefined],
    ["[^]", undefined],
    ["[^]a]", undefined],
    ["[a", undefined],
    ["[a-", undefined],
    ["[a-]", undefined],
    ["[-a]", undefined],
    ["[a--]", undefined],
    ["plugin-\\", undefined],
    ["[\\", undefined],
    ["nowhere/[", undefined],
    ["[/*", undefined],
    ["[a/b]*", undefined],
    ["a\\/b*", undefined],
  ];
