import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { isDeno, moduleCommand } from "../helpers/program.ts";
import { run } from "../runtime/spawned.ts";

/** What a program with exactly these flags prints that listens on this kind of network. */
async function printed(network: string, flags: readonly string[]) {
  const command = moduleCommand("tests/transport/programs/listen", flags);
  const { stdout, stderr, exit } = await run([...command, JSON.stringify({ network }), "exit"]);
  deepStrictEqual(exit, { code: 0, signal: null }, stderr);
  return JSON.parse(stdout);
}

/** Node has no permissions to leave out. */
const denoTest = isDeno ? test : () => {};

const FILES = ["--allow-read=/tmp", "--allow-write=/tmp"];

for (const network of ["auto", "unix"]) {
  denoTest(`listen() with network ${network} needs --allow-net, and its directory`, async () => {
    const { address, logged } = await printed(network, ["--allow-net", ...FILES]);
    strictEqual(address.network, "unix");
    deepStrictEqual(logged, []);
  });
}

for (const network of ["auto", "tcp"]) {
  denoTest(`listen() with network ${network} needs no more than 127.0.0.1`, async () => {
    const { address } = await printed(network, ["--allow-net=127.0.0.1"]);
    deepStrictEqual([address.network, address.host], ["tcp", "127.0.0.1"]);
  });
}

denoTest("listen() with network auto says which flags a unix socket needs", async () => {
  const { logged } = await printed("auto", ["--allow-net=127.0.0.1"]);
  deepStrictEqual(logged, [
    "Cannot listen on a unix socket: add --allow-net --allow-read=/tmp --allow-write=/tmp",
  ]);
});

denoTest(
  "listen() with network auto goes to TCP, and tries nothing, if it may not bind a unix socket",
  async () => {
    const { address, logged } = await printed("auto", ["--allow-net=127.0.0.1", ...FILES]);
    strictEqual(address.network, "tcp");
    deepStrictEqual(logged, ["Cannot listen on a unix socket: add --allow-net"]);
  },
);

denoTest("listen() with network unix names the flags that are missing", async () => {
  deepStrictEqual(await printed("unix", ["--allow-net"]), {
    name: "PermissionError",
    message: "Cannot listen on a unix socket: add --allow-read=/tmp --allow-write=/tmp",
    flags: ["--allow-read=/tmp", "--allow-write=/tmp"],
  });
});

for (
  const [network, flags] of [
    ["tcp", []],
    ["tcp", ["--allow-net=example.com", ...FILES]],
    ["auto", []],
    ["auto", FILES],
  ] as const
) {
  const given = flags.join(" ") || "no flags";
  denoTest(`listen() with network ${network} and ${given} names --allow-net`, async () => {
    deepStrictEqual(await printed(network, flags), {
      name: "PermissionError",
      message: "Cannot listen on 127.0.0.1: add --allow-net=127.0.0.1",
      flags: ["--allow-net=127.0.0.1"],
    });
  });
}
