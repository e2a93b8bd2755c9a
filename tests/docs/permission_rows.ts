/** The ways of running that docs/permissions.md lists, each as a program can be run in it. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Client, denoPlugin, formatReattach, type PluginError } from "@x/goplugin";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import type { Answer, Job, JobClient } from "../fixtures/permitted_host.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goProgram } from "../helpers/go.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Command, fixture } from "../helpers/program.ts";
import { shellWords } from "../interop/matrix.ts";
// Not by node:child_process: Deno adds -A to a command of its own that has no other flags.
import { run } from "../runtime/spawned.ts";

/** What stands in the place of the page's words in capitals. */
export type Values = Readonly<Record<string, string>>;

/** What came of a run. */
export interface Outcome {
  /** What the plugin answered, if all went well. */
  readonly text?: string | undefined;
  /** How it was reached. */
  readonly network?: string | undefined;
  /** The flags that the error names. */
  readonly flags: readonly string[];
  /** All that was said, for whoever has to find out. */
  readonly said: string;
}

/** One way of running. */
export interface Way {
  /** Whether it needs Go. */
  readonly isGo?: boolean;
  /** What the plugin is to answer. */
  readonly answers?: string;
  /** Which network it is to be reached by, if that is not TCP. */
  readonly network?: "unix" | "none";
  /** Makes what a run needs. */
  prepare?(): Promise<{ readonly values: Values; end?(): Promise<unknown> | void }>;
  /** Runs with exactly these flags. */
  run(flags: readonly string[], values: Values): Promise<Outcome>;
}

const TMP = "/tmp";
const deno = process.execPath;
const path = (module: string) => join(PROJECT_ROOT, `${module}.ts`);
const PROTO = path("tests/fixtures/fixture").replace(/ts$/, "proto");
const FILE = path("tests/fixtures/obedient");

const DEFAULTS: Values = { COOKIE: handshake.magicCookieKey, TMP, PROTO, FILE, PROGRAM: deno };

/** A command of ours on Deno, which never asks. */
function ours(module: string, flags: readonly string[], ...args: string[]): Command {
  return [deno, "run", "-q", "--no-prompt", ...flags, path(module), ...args];
}

/** The flags in all that was said, except in what was only told. */
function flagsIn(said: string): string[] {
  const lines = said.split("\n").filter((line) => !line.includes('"@level":"info"'));
  const found = lines.filter((line) => line.includes(": add ")).join("\n")
    .match(/--allow-[a-z]+(=[^\s"'`$\\]+)?(?=[\s"'\\]|$)/gm);
  return [...new Set(found)];
}

/** A plugin on Deno under a host in this process that may do everything. */
function plugin(
  name: string,
  args: string[] = [],
  use?: (client: Client<{ fixture: typeof FixtureService }>) => Promise<string>,
): Way {
  const once = async (flags: readonly string[], autoMtls: boolean): Promise<Outcome> => {
    const client = new Client({
      handshake,
      plugins: { fixture: FixtureService },
      command: ours(`tests/fixtures/${name}`, flags, ...args),
      unixSocket: { tempDir: TMP },
      autoMtls,
      logger: recordLogs().logger,
    });
    try {
      const { network } = await client.start();
      const echo = await (await client.dispense("fixture")).echo({ text: "echo" });
      return { text: use ? await use(client) : echo.text, network, flags: [], said: "" };
    } catch (error) {
      const { message } = error as PluginError;
      return { flags: flagsIn(message), said: message };
    } finally {
      await client.kill();
    }
  };
  return {
    async run(flags) {
      const secure = await once(flags, true);
      return secure.text === undefined ? secure : await once(flags, false);
    },
  };
}

/** A counter on Deno under a Go host, which it calls back. */
function underGo(env: Record<string, string>): Way {
  return {
    isGo: true,
    answers: "7",
    network: "none",
    async prepare() {
      await goProgram("counter-host");
      return inOwnDirectory({ COOKIE: "BASIC_PLUGIN" });
    },
    async run(flags, { DIR = "" }) {
      const stderr = join(DIR, "stderr");
      const command = shellWords(ours("examples/callback/plugin", flags));
      const COUNTER_PLUGIN = `${command} 2>'${stderr}'`;
      const host = await goProgram("counter-host");
      const { exit, ...result } = await run([host, "key", "7"], {
        env: { ...env, COUNTER_PLUGIN, TMPDIR: TMP },
      });
      const said = `${result.stdout}${result.stderr}${readFileSync(stderr, "utf8")}`;
      const text = exit.code === 0 ? result.stdout.trim().split("\n").at(-1) : undefined;
      return { text, flags: text === undefined ? flagsIn(said) : [], said };
    },
  };
}

function inOwnDirectory(values: Values = {}) {
  const DIR = mkdtempSync(join(TMP, "permissions-"));
  return Promise.resolve({
    values: { ...values, DIR },
    end: () => rmSync(DIR, { recursive: true, force: true }),
  });
}

/** A host on Deno that does what its job says. */
function host(job: (values: Values) => Job | Promise<Job>, way: Partial<Way> = {}): Way {
  return {
    ...way,
    async run(flags, values) {
      const command = ours(
        "tests/fixtures/permitted_host",
        flags,
        JSON.stringify(await job(values)),
      );
      const { stdout, stderr } = await run(command, { env: { TMPDIR: TMP } });
      const said = stdout + stderr;
      if (stdout === "") return { flags: [], said };
      const { text, network, error, line } = JSON.parse(stdout) as Answer;
      // A plugin that was ended leaves its socket, where the host may not remove it.
      const socket = line?.match(/\|unix\|([^|]+)\|/)?.[1];
      if (error !== undefined && socket !== undefined) rmSync(socket, { force: true });
      return { text, network, flags: error?.flags ?? [], said };
    },
  };
}

const onTcp: JobClient = { command: denoPlugin(FILE, { handshake, cachedOnly: true }) };

/** A host with a plugin on Deno that can do nothing but listen on TCP. */
function withDenoPlugin(client: Partial<JobClient> = {}): Way {
  return host(() => ({ does: "fixture", client: { ...onTcp, ...client } }));
}

/** A host with a plugin in Go, which always listens on a unix socket. */
function withGoPlugin(client: Partial<JobClient> = {}): Way {
  return host(
    ({ PROGRAM = "", DIR = "" }) => ({
      does: "kv",
      client: {
        ...client,
        ...client.unixSocket && { unixSocket: { tempDir: DIR } },
        command: [PROGRAM],
      },
    }),
    {
      isGo: true,
      answers: "value",
      network: "unix",
      prepare: async () => inOwnDirectory({ PROGRAM: await goProgram("kv-plugin") }),
    },
  );
}

/** A host that attaches to a plugin which another one started. */
function attaching(network: "tcp" | "unix"): Way {
  return host(({ json = "" }) => ({ does: "attach", json, client: onTcp }), {
    ...network === "unix" && { network },
    async prepare() {
      const first = new Client({
        handshake,
        plugins: { fixture: FixtureService },
        command: fixture("obedient", network),
        logger: recordLogs().logger,
      });
      const address = await first.start();
      const json = JSON.stringify(formatReattach(first.reattachConfig({ withPrivateKey: true })));
      const SOCKET = address.network === "unix" ? address.path : "";
      return { values: { json, SOCKET }, end: () => first.kill() };
    },
  });
}

const inTestMode: Way = {
  answers: "served",
  network: "none",
  async run(flags) {
    const { exit, stdout, stderr } = await run(ours("tests/fixtures/test_mode", flags, "tcp"));
    const said = stdout + stderr;
    return exit.code === 0
      ? { text: stdout.trim().split("\n").at(-1), flags: [], said }
      : { flags: flagsIn(said), said };
  },
};

/** The ways by their names on the page. */
export const WAYS: Readonly<Record<string, Way>> = {
  "TCP": plugin("obedient"),
  "TCP, variables read by the program `env`": plugin("obedient", ["tcp"]),
  "TCP, other variables hidden": {
    ...plugin("obedient", [], async (client) => {
      const { environment } = await client.dispense("fixture");
      return await environment({ text: "HOME" }).then(({ text }) => text, () => "throws");
    }),
    answers: "(unset)",
  },
  "TCP, with a .proto file (`loadService`)": plugin("loading"),
  "TCP, with `exitWithHost`": plugin("following"),
  "TCP, in test mode": inTestMode,
  'TCP, with `engine: "grpc-js"`': plugin("other_engine"),
  'unix socket (`network: "unix"`)': { ...plugin("obedient", ["unix"]), network: "unix" },
  'unix socket, if it may be (`network: "auto"`)': { ...plugin("obedient"), network: "unix" },
  "a Go host that multiplexes, and is called back": underGo({ MULTIPLEX: "1" }),
  "a Go host that is called back on a socket of its own": underGo({ MULTIPLEX: "0" }),

  "a plugin on TCP, as `denoPlugin()` makes it": withDenoPlugin(),
  "with `managed`": withDenoPlugin({ managed: true, autoMtls: false }),
  'with `engine: "grpc-js"`': withDenoPlugin({ engine: "grpc-js" }),
  "with a checksum of its file (`secure`)": withDenoPlugin({
    secure: {
      file: FILE,
      algorithm: "sha256",
      checksum: createHash("sha256").update(readFileSync(FILE)).digest("hex"),
    },
  }),
  "with a .proto file (`loadService`)": host(() => ({ does: "load", file: PROTO, client: onTcp })),
  "a plugin on a unix socket, in Go for one": withGoPlugin(),
  "and it calls back by the broker": host(
    ({ PROGRAM = "", DIR = "" }) => ({
      does: "counter",
      client: { command: [PROGRAM], cwd: DIR },
    }),
    {
      isGo: true,
      answers: "7",
      network: "none",
      prepare: async () => inOwnDirectory({ PROGRAM: await goProgram("upstream-counter-plugin") }),
    },
  ),
  "and one connection carries everything": withGoPlugin({ grpcBrokerMultiplex: true }),
  "and a runner starts it (`startCommand`)": withGoPlugin({ byRunner: true, autoMtls: false }),
  "and its sockets lie elsewhere (`unixSocket.tempDir`)": withGoPlugin({ unixSocket: {} }),
  "attaching to a plugin on TCP (`reattach`)": attaching("tcp"),
  "attaching to a plugin on a unix socket": attaching("unix"),
  "`discover()`": host(({ DIR = "" }) => ({ does: "discover", directory: DIR }), {
    answers: PROTO,
    network: "none",
    prepare: () => Promise.resolve({ values: { DIR: join(PROJECT_ROOT, "tests/fixtures") } }),
  }),
  "`testClient()`": host(() => ({ does: "test" })),
  "`testClient()` on a unix socket": { ...host(() => ({ does: "test" })), network: "unix" },
};

/** What a word in capitals stands for, in every row unless it says otherwise. */
export function valuesFor(own: Values): Values {
  return { ...DEFAULTS, ...own };
}
