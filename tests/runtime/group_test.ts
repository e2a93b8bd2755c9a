import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { findGroup } from "../../src/runtime/group.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { usableGroup } from "../helpers/groups.ts";

const GROUPS = "root:x:0:\ndaemon:x:1:ann,bob\n# a comment\n+nis:::\nodd:x\nstaff:x:50:\n";

/** A system with this file, in pieces of a few bytes, and this answer of getent's. */
function system({ file, getent }: { file?: string | undefined; getent?: string }) {
  const asked: string[] = [];
  return {
    asked,
    permits: () => true,
    async *readFile(path: string) {
      asked.push(path);
      if (file === undefined) throw new Error("it may not be read");
      const bytes = new TextEncoder().encode(file);
      for (let at = 0; at < bytes.length; at += 5) {
        yield await Promise.resolve(bytes.slice(at, at + 5));
      }
    },
    outputOf(program: string, args: readonly string[]) {
      asked.push([program, ...args].join(" "));
      if (getent === undefined) throw new Error("it ended with exit code 2");
      return getent;
    },
  };
}

test("findGroup() takes a number as it is, and looks nowhere", async () => {
  const runtime = system({ file: "7:x:8:\n" });
  deepStrictEqual(
    [
      await findGroup(runtime, "0"),
      await findGroup(runtime, "7"),
      await findGroup(runtime, "4294967294"),
    ],
    [0, 7, 4294967294],
  );
  deepStrictEqual(runtime.asked, []);
});

test("findGroup() finds a name in /etc/group, wherever a piece of the file ends", async () => {
  const runtime = system({ file: GROUPS });
  strictEqual(await findGroup(runtime, "root"), 0);
  strictEqual(await findGroup(runtime, "daemon"), 1);
  strictEqual(await findGroup(runtime, "staff"), 50);
  deepStrictEqual(runtime.asked, new Array(3).fill("/etc/group"));
});

test("findGroup() asks getent for what /etc/group lacks, and where it may not be read", async () => {
  for (const file of [GROUPS, undefined, ""]) {
    const runtime = system({ file, getent: "ldap:*:12345:ann\n" });
    strictEqual(await findGroup(runtime, "ldap"), 12345);
    deepStrictEqual(runtime.asked, ["/etc/group", "getent group -- ldap"]);
  }
});

test("findGroup() says that nobody knows a group", async () => {
  for (
    const name of ["nobody knows", "dae", "daemon:x", "ann", "odd", "+nis", "", "-1", "12345678901"]
  ) {
    for (
      const runtime of [system({ file: GROUPS }), system({}), system({ getent: "another:*:1:\n" })]
    ) {
      await rejects(findGroup(runtime, name), {
        name: "RangeError",
        message: `there is no group ${JSON.stringify(name)}`,
      });
    }
  }
});

test("findGroup() finds a group of this system", async () => {
  const { id, name } = usableGroup();
  strictEqual(await findGroup(await loadRuntime(), name), id);
  await rejects(findGroup(await loadRuntime(), "no such group"), RangeError);
});
