import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { missingFlags } from "../../src/runtime/permissions.ts";
import type { Access } from "../../src/runtime/runtime.ts";
import { dialNeeds, listenNeeds } from "../../src/transport/permissions.ts";
import { fakeRuntime } from "./fake_runtime.ts";

const none = fakeRuntime({ permits: () => false, temporaryDirectories: () => ["/tmp", "/var"] });

for (
  const [address, next, same] of [
    [
      { network: "tcp", host: "127.0.0.1", port: 1234 },
      "--allow-net=127.0.0.1",
      "--allow-net=127.0.0.1",
    ],
    [{ network: "tcp", host: "::1", port: 1234 }, "--allow-net=[::1]", "--allow-net=[::1]"],
    [
      { network: "unix", path: "/tmp/plugin123" },
      "--allow-net --allow-read=/tmp --allow-write=/tmp",
      "--allow-net=unix:/tmp/plugin123 --allow-read=/tmp/plugin123 --allow-write=/tmp/plugin123",
    ],
    [
      { network: "unix", path: "/run/app/goplugin-0123456789abcdef/plugin1" },
      // A host makes such a directory for every plugin.
      "--allow-net --allow-read=/run/app --allow-write=/run/app",
      undefined,
    ],
    [
      { network: "unix", path: "/plugin1" },
      "--allow-net --allow-read=/ --allow-write=/",
      undefined,
    ],
  ] as const
) {
  test(`dialNeeds() for ${Object.values(address).join(" ")}`, () => {
    deepStrictEqual(missingFlags(none, dialNeeds(address, false)).join(" "), next);
    if (same === undefined) return;
    deepStrictEqual(missingFlags(none, dialNeeds(address, true)).join(" "), same);
  });
}

test("dialNeeds() is content with the right to one socket and to one port", () => {
  const granted = ["net unix:/tmp/a", "read /tmp/a", "write /tmp/a", "net 127.0.0.1:80"];
  const permits = (access: Access) => granted.includes(Object.values(access).join(" "));
  const left = (address: Parameters<typeof dialNeeds>[0]) =>
    missingFlags({ permits }, dialNeeds(address, false));
  deepStrictEqual(left({ network: "unix", path: "/tmp/a" }), []);
  deepStrictEqual(left({ network: "tcp", host: "127.0.0.1", port: 80 }), []);
  deepStrictEqual(left({ network: "tcp", host: "127.0.0.1", port: 81 }), ["--allow-net=127.0.0.1"]);
});

for (
  const [network, platform, flags] of [
    ["tcp", "linux", "--allow-net=127.0.0.1"],
    ["auto", "linux", "--allow-net=127.0.0.1"],
    ["unix", "linux", "--allow-net --allow-read=/tmp --allow-write=/tmp"],
    ["unix", "windows", "--allow-net=127.0.0.1"],
  ] as const
) {
  test(`listenNeeds() for network ${network} on ${platform}`, () => {
    deepStrictEqual(
      missingFlags(none, listenNeeds({ ...none, platform }, network)).join(" "),
      flags,
    );
  });
}

test("listenNeeds() names the directory that a host made its own in", () => {
  for (const directory of ["/run/app", "/run/app/goplugin-0123456789abcdef"]) {
    deepStrictEqual(missingFlags(none, listenNeeds(none, "unix", directory)), [
      "--allow-net",
      "--allow-read=/run/app",
      "--allow-write=/run/app",
    ]);
  }
});

test("listenNeeds() for network auto is nothing where one of the two kinds is permitted", () => {
  for (const kinds of [["net"], ["net", "read", "write"]]) {
    const runtime = { ...none, permits: ({ kind }: Access) => kinds.includes(kind) };
    deepStrictEqual(missingFlags(runtime, listenNeeds(runtime, "auto")), []);
  }
});
