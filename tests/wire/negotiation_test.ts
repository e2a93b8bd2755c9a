import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { VersionMismatchError } from "../../src/errors.ts";
import {
  acceptVersion,
  chooseVersion,
  formatVersions,
  hostOffer,
  parseVersions,
  pluginOffer,
  type VersionedOffer,
} from "../../src/wire/negotiation.ts";
import { caught } from "./caught.ts";

const NEITHER: VersionedOffer<string> = { protocolVersion: 4 };
const PLAIN = { ...NEITHER, plugins: "plain" };
const VERSIONED = { ...NEITHER, versionedPlugins: { 2: "two", 3: "three" } };
const CLASH = { ...VERSIONED, plugins: "plain", protocolVersion: 3 };

for (
  const [side, what, sets, expected] of [
    ["hostOffer", "has nothing without sets", hostOffer(NEITHER), {}],
    ["hostOffer", "has `plugins` alone", hostOffer(PLAIN), { 4: "plain" }],
    ["hostOffer", "has `versionedPlugins` alone", hostOffer(VERSIONED), {
      2: "two",
      3: "three",
    }],
    ["hostOffer", "has both", hostOffer({ ...VERSIONED, plugins: "plain" }), {
      2: "two",
      3: "three",
      4: "plain",
    }],
    ["hostOffer", "keeps the set that a version has", hostOffer(CLASH), {
      2: "two",
      3: "three",
    }],
    ["pluginOffer", "has nothing without sets", pluginOffer(NEITHER), {}],
    ["pluginOffer", "has `plugins` alone", pluginOffer(PLAIN), { 4: "plain" }],
    ["pluginOffer", "has `versionedPlugins` alone", pluginOffer(VERSIONED), {
      2: "two",
      3: "three",
    }],
    [
      "pluginOffer",
      "has both",
      pluginOffer({ ...VERSIONED, plugins: "plain" }),
      { 2: "two", 3: "three", 4: "plain" },
    ],
    ["pluginOffer", "overwrites the set of a version", pluginOffer(CLASH), {
      2: "two",
      3: "plain",
    }],
  ] as const
) {
  test(`${side}() ${what}`, () => {
    deepStrictEqual(Object.fromEntries(sets), expected);
  });
}

test("hostOffer() and pluginOffer() take versions of zero and below", () => {
  const offer = {
    protocolVersion: 0,
    plugins: "zero",
    versionedPlugins: { [-1]: "minus one" },
  };
  const expected = new Map([[-1, "minus one"], [0, "zero"]]);
  deepStrictEqual(hostOffer(offer), expected);
  deepStrictEqual(pluginOffer(offer), expected);
});

test("hostOffer() and pluginOffer() refuse a key that is no version", () => {
  const offer = { protocolVersion: 1, versionedPlugins: { 1.5: "half" } };
  for (const side of [hostOffer, pluginOffer]) {
    const error = caught(TypeError, () => side(offer));
    match(error.message, /versionedPlugins: "1\.5" is not a version number/);
  }
});

for (
  const [versions, text] of [
    [[], ""],
    [[7], "7"],
    [[3, 1, 10, 2], "1,2,3,10"],
    [[1, 0, -1], "-1,0,1"],
  ] as const
) {
  test(`formatVersions() writes "${text}"`, () => {
    strictEqual(formatVersions(versions), text);
    deepStrictEqual(
      parseVersions(text).versions,
      [...versions].sort((a, b) => a - b),
    );
  });
}

for (
  const [text, versions, invalid] of [
    ["", [], []],
    ["3,1,2,7", [3, 1, 2, 7], []],
    ["x, 5,3", [3], ["x", " 5"]],
    ["-1,+2,03", [-1, 2, 3], []],
    [",1,", [1], ["", ""]],
    ["1.5;2", [], ["1.5;2"]],
  ] as const
) {
  test(`parseVersions() reads "${text}"`, () => {
    deepStrictEqual(parseVersions(text), { versions, invalid });
  });
}

// The first four were seen with a plugin on go-plugin 1.8.
for (
  const [offered, wanted, chosen, what] of [
    [[2, 3, 5], "1,3,2", 3, "the highest in common"],
    [[2, 3, 5], "9", 2, "its lowest when none is in common"],
    [[2, 3, 5], "", 2, "its lowest when the host names none"],
    [[2, 3, 5], "x, 5,3", 3, "the highest in common but bad entries"],
    [[1, 3], "2,3", 3, "the highest overlap"],
    [[5, 3, 2], "5,2", 5, "the highest in common, whatever the order"],
    [[2, 10], "10,2", 10, "by number, not by text"],
    [[-2, 0], "-2", -2, "a negative version"],
    [[], "1,2", 4, "`protocolVersion` when it offers nothing"],
  ] as const
) {
  test(`chooseVersion() announces ${what}: {${offered}} for "${wanted}"`, () => {
    strictEqual(
      chooseVersion(offered, parseVersions(wanted).versions, 4),
      chosen,
    );
  });
}

test("acceptVersion() gives the set of the version", () => {
  strictEqual(acceptVersion(2, hostOffer(VERSIONED)), "two");
});

for (
  const [version, offered, versions, listed] of [
    [9, hostOffer({ protocolVersion: 1, plugins: "one" }), [1], "1"],
    [-1, new Map([[10, "ten"], [2, "two"]]), [2, 10], "2, 10"],
    [0, new Map<number, string>(), [], "none"],
  ] as const
) {
  test(`acceptVersion() refuses version ${version} where the host offers ${listed}`, () => {
    const error = caught(
      VersionMismatchError,
      () => acceptVersion(version, offered),
    );
    strictEqual(error.code, "version-mismatch");
    strictEqual(error.pluginVersion, version);
    deepStrictEqual(error.hostVersions, versions);
    match(error.message, new RegExp(`version ${version},.* offers ${listed}$`));
  });
}
