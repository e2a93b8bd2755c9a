import { match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectError,
  HandshakeError,
  ListenError,
  PluginExitedError,
  StartTimeoutError,
} from "../../src/errors.ts";
import { hintFor } from "../../src/host/diagnosis.ts";

const exited = (code: number) => new PluginExitedError("ended", { code, signal: null });

for (
  const [error, stderr, hint] of [
    [
      exited(1),
      "This binary is a plugin. These are not meant to be executed directly.",
      /magic cookie/,
    ],
    [exited(1), "This program is a plugin and is not meant to be run by itself.", /magic cookie/],
    [
      exited(1),
      'NotCapable: Requires net access to "127.0.0.1:0", run again with the --allow-net flag',
      /add --allow-net to its command/,
    ],
    [exited(1), 'error: Module not found "file:///nowhere.ts".', /script .* is missing/],
    [exited(1), "Error: Cannot find module '/nowhere.js'", /script .* is missing/],
    [exited(127), "./plugin: 1: \u007fELF\ufffd: not found", /another operating system/],
    [exited(126), "sh: 1: exec: ./plugin: Exec format error", /another operating system/],
    [exited(127), "sh: 1: exec: nowhere: not found", /A program was not found/],
    [exited(3), "", /by hand/],
    [new StartTimeoutError(5), "", /raise startTimeoutMs/],
    [new HandshakeError("segments", "hello", "hello"), "", /prints nothing to stdout/],
    [new ConnectError("refused"), "", /does not serve there/],
    [new ListenError("other"), "", undefined],
  ] as const
) {
  test(`hintFor() ${error.name} with ${JSON.stringify(stderr)}`, () => {
    const found = hintFor(error, stderr.split("\n"));
    if (hint === undefined) strictEqual(found, undefined);
    else match(found ?? "", hint);
  });
}

const FOUND =
  "The plugin lacks permissions: add --allow-net=127.0.0.1 --allow-read=/a,/b to its command";

test("hintFor() takes flags as the plugin names them, not as its source or its log holds them", () => {
  const stderr = [
    '{"@level":"info","@message":"on TCP","reason":"Cannot listen: add --allow-net --allow-run"}',
    '{"@level":"error","@message":"init","error":"Cannot listen: add --allow-net=127.0.0.1"}',
    "error: Uncaught PermissionError: Cannot listen: add --allow-net=127.0.0.1 '--allow-read=/a,/b'",
    "    throw new PermissionError(`Cannot listen`, [`--allow-net=${HOST}`, `--allow-${kind}`]);",
  ];
  strictEqual(hintFor(exited(1), stderr), FOUND);
});
