import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { permits } from "../../src/runtime/deno_permissions.ts";
import { isDeno } from "../helpers/program.ts";

test("permits() has Deno remember nothing for each socket", {
  skip: !isDeno && "Node has no permissions",
}, () => {
  const { permissions } = Deno;
  const ask = permissions.querySync;
  const asked = new Set<string>();
  permissions.querySync = (descriptor) => {
    asked.add(JSON.stringify(descriptor));
    return ask.call(permissions, descriptor);
  };
  try {
    for (let at = 0; at < 100; at++) {
      const path = `/tmp/goplugin-${at}/plugin${at}`;
      permits({ kind: "read", path });
      permits({ kind: "write", path });
      permits({ kind: "net", host: `unix:${path}` });
    }
  } finally {
    permissions.querySync = ask;
  }
  deepStrictEqual([...asked], [
    '{"name":"read","path":"/tmp"}',
    '{"name":"write","path":"/tmp"}',
    '{"name":"net"}',
  ]);
});
