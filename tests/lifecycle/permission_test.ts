import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { Client, denoPlugin, formatReattach } from "@x/goplugin";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import type { Answer, Job } from "../fixtures/permitted_host.ts";
import { fixtureClient } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Command, fixture, isDeno, moduleCommand } from "../helpers/program.ts";
import { outcomeOf, run, start } from "../runtime/spawned.ts";

/** Node has no permissions to leave out. */
const denoTest = isDeno ? test : () => {};

const plugin = moduleCommand("tests/fixtures/obedient").at(-1) ?? "";
const command = isDeno ? denoPlugin(plugin, { handshake }) : fixture("obedient");
const ADDRESS = { network: "unix", path: "/tmp/nobody/plugin1" } as const;
const NOWHERE = {
  protocol: "grpc",
  protocolVersion: 1,
  address: ADDRESS,
  pid: 1,
  test: false,
} as const;

/** What a host with these flags says of its job. */
async function answerOf(
  job: Job,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Answer> {
  const host = moduleCommand("tests/fixtures/permitted_host", ["--no-prompt", ...flags]);
  const { stdout, stderr } = await run([...host, JSON.stringify(job)], { env });
  return JSON.parse(
    stdout || JSON.stringify({ error: { name: "none", message: stderr, flags: [] } }),
  );
}

for (
  const [what, job, flags] of [
    [
      "a program that may choose its network",
      { does: "fixture", client: { command: ["./plugin"] } },
      "--allow-run=./plugin --allow-net --allow-read=/tmp --allow-write=/tmp",
    ],
    [
      "a plugin that can only go by TCP",
      { does: "fixture", client: { command } },
      `--allow-run=${process.execPath} --allow-net=127.0.0.1`,
    ],
    [
      "a directory for sockets, a group and a checksum",
      {
        does: "fixture",
        client: {
          command: ["/opt/plugin"],
          unixSocket: { tempDir: "/srv/app", group: "nobody here" },
          secure: { checksum: "00", algorithm: "sha256" },
        },
      },
      "--allow-run=/opt/plugin --allow-read=/opt/plugin,/srv/app,/etc/group --allow-net " +
      "--allow-write=/srv/app",
    ],
    [
      "a program in another directory",
      {
        does: "fixture",
        client: { command: ["bin/plugin", "--allow-net=127.0.0.1"], cwd: "/opt" },
      },
      "--allow-run=/opt/bin/plugin --allow-net=127.0.0.1",
    ],
    [
      "a plugin whose loader is told things",
      { does: "fixture", client: { command, env: { LD_PRELOAD: "" } } },
      "--allow-run --allow-net=127.0.0.1",
    ],
    [
      "a plugin that runs already",
      { does: "attach", json: JSON.stringify(formatReattach(NOWHERE)), client: { command } },
      "--allow-run --allow-net=unix:/tmp/nobody/plugin1 --allow-read=/tmp/nobody/plugin1 " +
      "--allow-write=/tmp/nobody/plugin1",
    ],
  ] as const satisfies readonly (readonly [string, Job, string])[]
) {
  denoTest(`a host without any permission names all it needs at once: ${what}`, async () => {
    const { error } = await answerOf(job);
    deepStrictEqual([error?.name, error?.flags], ["PermissionError", flags.split(" ")]);
    match(
      error?.message ?? "",
      /^Cannot (start plugin "|reattach to process 1).*: add --allow-run/,
    );
  });
}

denoTest(
  "a host that inherits LD_LIBRARY_PATH is told that it needs all of --allow-run",
  async () => {
    const flags = [`--allow-run=${process.execPath}`, "--allow-net=127.0.0.1"];
    const { error } = await answerOf({ does: "fixture", client: { command } }, flags, {
      LD_LIBRARY_PATH: "/nowhere",
    });
    deepStrictEqual([error?.name, error?.flags], ["PermissionError", ["--allow-run"]]);
  },
);

denoTest("a host whose plugin takes the way that it may not go says so, and ends it", async () => {
  const client = { command: fixture("obedient", "unix") };
  const flags = ["--allow-run", "--allow-net=127.0.0.1"];
  const { error, line } = await answerOf({ does: "fixture", client }, flags, { TMPDIR: "/tmp" });
  deepStrictEqual(error?.flags, ["--allow-net", "--allow-read=/tmp", "--allow-write=/tmp"]);
  match(error?.hint ?? "", /belong to the command of the host/);
  match(line ?? "", /\|unix\|/);
});

/** What becomes of a plugin on Deno with these flags. */
async function pluginWith(flags: readonly string[], autoMtls: boolean) {
  const logs = recordLogs();
  const client = fixtureClient(
    [process.execPath, "run", "-q", "--no-prompt", ...flags, plugin],
    { autoMtls, logger: logs.logger },
  );
  try {
    const { text } = await (await client.dispense("fixture")).echo({ text: "echo" });
    return { text, logs };
  } catch (error) {
    return { hint: (error as { hint?: string }).hint ?? "", logs };
  } finally {
    await client.kill();
  }
}

for (
  const [flags, missing] of [
    [[], "--allow-env=FIXTURE_PLUGIN,PLUGIN_* --allow-net=127.0.0.1"],
    [["--allow-env=PLUGIN_*"], "--allow-env=FIXTURE_PLUGIN --allow-net=127.0.0.1"],
    [["--allow-net", "--allow-env=FIXTURE_PLUGIN"], "--allow-env=PLUGIN_*"],
    [["--allow-env"], "--allow-net=127.0.0.1"],
    // Hidden, not missing: but without its cookie no plugin serves.
    [["--allow-net", "--ignore-env"], "--allow-env=FIXTURE_PLUGIN,PLUGIN_*"],
  ] as const
) {
  denoTest(`a plugin with ${flags.join(" ") || "no flags"} names ${missing}`, async () => {
    const { hint } = await pluginWith(flags, true);
    strictEqual(hint, `The plugin lacks permissions: add ${missing} to its command`);
  });
}

denoTest(
  "a plugin from which --ignore-env hides what its host says serves, and warns",
  async () => {
    const flags = ["--allow-net=127.0.0.1", "--ignore-env", "--allow-env=FIXTURE_PLUGIN"];
    const { text, logs } = await pluginWith(flags, false);
    strictEqual(text, "echo");
    const warning = logs.entries.find(({ level }) => level === "warn");
    strictEqual(warning?.message, "the host's variables are hidden: add --allow-env=PLUGIN_*");
  },
);

denoTest(
  "a plugin that may not have a unix socket goes to TCP and says which flags it lacks",
  async () => {
    const { text, logs } = await pluginWith(["--allow-net=127.0.0.1", "--allow-env"], true);
    strictEqual(text, "echo");
    const entry = logs.entries.find(({ message }) => message.includes("TCP instead of a unix"));
    match(String(entry?.fields.reason), /: add --allow-net --allow-read=\S+ --allow-write=\S+$/);
  },
);

const terminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "";
const skip = !isDeno
  ? "Node asks nobody"
  : terminal.includes("util-linux")
  ? false
  : "there is no script of util-linux to make a terminal";

/** What a program says at a terminal, where Deno would ask for what is missing. */
async function atTerminal(command: Command): Promise<string> {
  const line = command.map((word) => `'${word}'`).join(" ");
  const child = await start(["script", "-qec", line, "/dev/null"]);
  // One that asks waits for an answer.
  const { stdout } = await outcomeOf(child).finally(() => child.kill("SIGKILL"));
  doesNotMatch(stdout, /Deno requests|Allow\?/);
  return stdout;
}

const jobAtTerminal = (job: Job, ...flags: string[]) =>
  atTerminal([
    ...moduleCommand("tests/fixtures/permitted_host", ["-q", ...flags]),
    JSON.stringify(job),
  ]);

test(
  "at a terminal a host and its plugin are never asked, whatever they lack",
  { skip },
  async () => {
    // The plugin has the terminal for its stdin, and no --no-prompt.
    const least: Command = [
      process.execPath,
      "run",
      "-q",
      "--allow-net=127.0.0.1",
      "--allow-env=FIXTURE_PLUGIN,PLUGIN_*",
      plugin,
    ];
    const host = [`--allow-run=${process.execPath}`, "--allow-net=127.0.0.1"];
    const job = { does: "fixture", client: { command: least, managed: true } } as const;
    match(await jobAtTerminal(job, ...host), /"text":"echo"/);
    match(await jobAtTerminal(job), /"name":"PermissionError"/);
    const bare: Command = [process.execPath, "run", "-q", plugin];
    match(
      await jobAtTerminal({ does: "fixture", client: { command: bare } }, ...host),
      /Hint: The plugin lacks permissions/,
    );
    match(await jobAtTerminal({ does: "test" }, "--allow-net=127.0.0.1"), /"text":"echo"/);
    match(await jobAtTerminal({ does: "test" }), /"name":"PermissionError"/);
    const group = { tempDir: "/tmp", group: "nobody here" };
    match(
      await jobAtTerminal({ does: "fixture", client: { command: bare, unixSocket: group } }),
      /"--allow-read=\/tmp,\/etc\/group"/,
    );
    match(
      await jobAtTerminal({ does: "load", file: "/nowhere", client: { command } }),
      /add --allow-read/,
    );
    match(await jobAtTerminal({ does: "discover", directory: "/nowhere" }), /add --allow-read/);
  },
);

test("at a terminal a host that attaches is never asked, whatever it lacks", { skip }, async () => {
  await using first = new Client({
    handshake,
    plugins: { fixture: FixtureService },
    command: fixture("obedient", "unix"),
    logger: recordLogs().logger,
  });
  const address = await first.start();
  ok(address.network === "unix");
  const json = JSON.stringify(formatReattach(first.reattachConfig({ withPrivateKey: true })));
  const job = { does: "attach", json, client: { command } } as const;
  match(await jobAtTerminal(job), /"name":"PermissionError"/);
  const socket = [`--allow-net=unix:${address.path}`, `--allow-read=${address.path}`];
  match(await jobAtTerminal(job, ...socket), /"flags":\["--allow-run","--allow-write=/);
  const whole = [...socket, `--allow-write=${address.path}`, "--allow-run"];
  match(await jobAtTerminal(job, ...whole), /"text":"echo"/);
});
