/** examples/terraform-host with the real terraform-provider-time, and with the provider of examples/terraform-provider. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run, type RunResult } from "../helpers/run.ts";
import { tofuProgram, tofuProgramMissing } from "../tofu/build.ts";
import {
  AUTO_MTLS,
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  type RuntimeName,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

/** What `time_offset` comes to with a base of 2026-01-01 and 7 days. */
const OFFSET = {
  base_rfc3339: "2026-01-01T00:00:00Z",
  day: 8,
  hour: 0,
  id: "2026-01-01T00:00:00Z",
  minute: 0,
  month: 1,
  offset_days: 7,
  offset_hours: null,
  offset_minutes: null,
  offset_months: null,
  offset_seconds: null,
  offset_years: null,
  rfc3339: "2026-01-08T00:00:00Z",
  second: 0,
  triggers: null,
  unix: 1767830400,
  year: 2026,
};
const BASE = "base_rfc3339=2026-01-01T00:00:00Z";

type Host = (...args: string[]) => Promise<RunResult>;

/** Runs the host in an empty directory, in which it must leave nothing but files of these names. */
async function withHost(
  runtime: RuntimeName,
  env: Record<string, string>,
  use: (host: Host, directory: string) => Promise<void>,
  files: readonly string[] = [],
): Promise<void> {
  const program = await ourProgram(runtime, "examples/terraform-host/main");
  const { left } = await inTemporaryDirectory(async (cwd) => {
    const options = { cwd, env: { ...env, TMPDIR: cwd, NO_COLOR: "1", TF_LOG: "" } };
    await use((...args) => run([...program, ...args], options), cwd);
  });
  deepStrictEqual(left.sort(), [...files].sort());
}

const lacksGo = await tofuProgramMissing("provider-time");

for (const runtime of RUNTIMES) {
  const skip = lacksGo ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    const pair = `our Terraform host on ${runtime} × terraform-provider-time, AutoMTLS ${mtls}`;
    const env = { AUTO_MTLS: mtls };

    test(`${pair}: what the provider offers`, { skip }, async () => {
      const provider = await tofuProgram("provider-time");
      await withHost(runtime, env, async (host) => {
        const { code, stdout, stderr } = await host(provider);
        deepStrictEqual([code, stderr], [0, ""]);
        const connection = mtls === "1" ? "certificates on both sides" : "no certificate";
        ok(stdout.startsWith(`Protocol 5, ${connection}\n`), stdout);
        deepStrictEqual([...stdout.matchAll(/^ {2}([\w.]+)/gm)].map(([, name]) => name), [
          "time_offset",
          "time_rotating",
          "time_sleep",
          "time_static",
          "function.duration_parse",
          "function.rfc3339_parse",
          "function.unix_timestamp_parse",
        ]);
        const described = await host(provider, "time_static", "--describe");
        match(described.stdout, /^ {2}triggers: map\(string\), optional$/m);
        match(described.stdout, /^ {2}unix: number, computed$/m);
      });
    });

    test(`${pair}: resources are planned and made`, { skip }, async () => {
      const provider = await tofuProgram("provider-time");
      await withHost(runtime, env, async (host) => {
        const offset = await host(provider, "time_offset", "offset_days=7", BASE);
        deepStrictEqual([offset.code, offset.stderr], [0, ""]);
        match(offset.stdout, /^time_offset will be created\n/);
        match(offset.stdout, /^ {2}\+ rfc3339 {6}= \(known after apply\)$/m);
        match(offset.stdout, /^ {4}rfc3339 {6}= "2026-01-08T00:00:00Z"$/m);

        const values = await host(provider, "time_offset", "offset_days=7", BASE, "--json");
        deepStrictEqual(JSON.parse(values.stdout), OFFSET, values.stderr);

        const fixed = await host(provider, "time_static", "rfc3339=2024-02-29T12:30:45Z", "--json");
        deepStrictEqual(JSON.parse(fixed.stdout), {
          day: 29,
          hour: 12,
          id: "2024-02-29T12:30:45Z",
          minute: 30,
          month: 2,
          rfc3339: "2024-02-29T12:30:45Z",
          second: 45,
          triggers: null,
          unix: 1709209845,
          year: 2024,
        }, fixed.stderr);

        const planned = await host(provider, "time_static", "--plan", "--json");
        strictEqual(JSON.parse(planned.stdout).unix, null);
        const called = await host(provider, "function.duration_parse", "1h30m", "--json");
        strictEqual(JSON.parse(called.stdout).minutes, 90);
      });
    });

    test(`${pair}: a resource lives from one run to the next`, { skip }, async () => {
      const provider = await tofuProgram("provider-time");
      await withHost(runtime, env, async (host, directory) => {
        const state = join(directory, "state.json");
        const change = async (...args: string[]) => {
          const { code, stdout, stderr } = await host(
            provider,
            "time_offset",
            ...args,
            "--state",
            state,
          );
          strictEqual(code, 0, stderr);
          return stdout;
        };
        match(await change("offset_days=7", BASE), /^time_offset was created$/m);
        deepStrictEqual(JSON.parse(readFileSync(state, "utf8")).values, OFFSET);
        match(await change("offset_days=7"), /^time_offset is as configured$/m);
        match(await change("offset_days=8", "--plan"), /^ {2}~ day {9}= 8 -> 9$/m);
        match(await change("offset_days=8"), /^time_offset was changed$/m);
        const triggers = 'triggers={"a":"b"}';
        const replaced = await change("offset_days=8", triggers);
        match(replaced, /^ {2}~ triggers {5}= null -> \{ a = "b" \} {2}# only in a new resource$/m);
        match(replaced, /^time_offset was destroyed and created anew$/m);
        match(await change("--destroy"), /^time_offset was destroyed$/m);
        strictEqual(readFileSync(state, "utf8"), "null\n");
      }, ["state.json"]);
    });
  }

  test(
    `our Terraform host on ${runtime} × terraform-provider-time: what is wrong is said, and where`,
    { skip },
    async () => {
      const provider = await tofuProgram("provider-time");
      await withHost(runtime, {}, async (host) => {
        const cases: [code: number, expected: string, ...args: string[]][] = [
          [
            1,
            "Error: Invalid RFC3339 String Value\n  at base_rfc3339\n\n  A string value was",
            "time_offset",
            "offset_days=7",
            "base_rfc3339=yesterday",
          ],
          [1, "Error: Missing Attribute Configuration\n\n  At least one", "time_offset"],
          [
            1,
            "Error: Invalid Configuration for Read-Only Attribute\n  at unix\n",
            "time_static",
            "unix=1",
          ],
          [
            1,
            'Error: Incorrect value type\n  at offset_days\n\n  Needed: number. Found: "seven".\n',
            "time_offset",
            "offset_days=seven",
          ],
          [1, "Error: Unsupported argument\n  at offset\n", "time_offset", "offset=1"],
          [
            1,
            "Error: Error in function duration_parse\n  at duration\n",
            "function.duration_parse",
            "soon",
          ],
          [1, "Error: Cannot call duration_parse: ", "function.duration_parse"],
          [2, 'The provider has no resource "time_nothing"; it has time_offset, ', "time_nothing"],
          [2, 'The provider has no data source "time_static"; it has none', "data.time_static"],
          [2, 'ATTRIBUTE=VALUE was expected, not "7"', "time_offset", "7"],
        ];
        for (const [code, expected, ...args] of cases) {
          const failed = await host(provider, ...args);
          deepStrictEqual([failed.code, failed.stdout], [code, ""], args.join(" "));
          strictEqual(failed.stderr.slice(0, expected.length), expected);
        }
      });
    },
  );

  const lacksRuntime = runtimeMissing(runtime) ?? false;

  test(`our Terraform host on ${runtime}: programs that are no providers`, {
    skip: lacksRuntime,
  }, async () => {
    await withHost(runtime, {}, async (host, directory) => {
      const script = join(directory, "script");
      writeFileSync(script, "#!/bin/sh\necho hello\n", { mode: 0o755 });
      const brief = join(directory, "brief");
      writeFileSync(brief, "#!/bin/sh\necho >&2 no time\nexit 3\n", { mode: 0o755 });
      const text = join(directory, "text");
      writeFileSync(text, "hello\n");
      for (
        const [path, found] of [
          ["./nothing", /^Error: Cannot start plugin: "\/.*\/nothing" .*not found\n/],
          ["text", /^Error: Cannot start plugin: "\/.*\/text" is not executable\n/],
          ["script", /^Error: Cannot read handshake: the plugin's first line is "hello"/],
          ["brief", /handshake line: exit code 3\n[^]*no time/],
        ] as const
      ) {
        const { code, stdout, stderr } = await host(path);
        deepStrictEqual([code, stdout], [1, ""]);
        match(stderr, found);
      }
    }, ["brief", "script", "text"]);
  });

  test(`our Terraform host on ${runtime}: command lines that make no sense`, {
    skip: lacksRuntime,
  }, async () => {
    await withHost(runtime, {}, async (host) => {
      for (const args of [[], ["--nonsense"]]) {
        const { code, stdout, stderr } = await host(...args);
        deepStrictEqual([code, stdout], [2, ""]);
        match(stderr, /^usage: main\.ts PROVIDER/m);
      }
      const help = await host("--help");
      deepStrictEqual([help.code, help.stderr], [0, ""]);
      match(help.stdout, /^usage: main\.ts PROVIDER/);
    });
  });

  for (const mtls of AUTO_MTLS) {
    test(`our Terraform host × our provider on ${runtime}, AutoMTLS ${mtls}`, {
      skip: lacksRuntime,
    }, async () => {
      const command = await ourProgram(runtime, "examples/terraform-provider/plugin");
      await withHost(runtime, { AUTO_MTLS: mtls }, async (host, directory) => {
        const provider = join(directory, "terraform-provider-notes");
        writeFileSync(provider, `#!/bin/sh\nexec ${shellWords(command)}\n`, { mode: 0o755 });
        const config = ["--config", `directory=${directory}`];
        match((await host(provider)).stdout, /^Protocol 6, [^]*^ {2}data\.notes_index/m);

        const note = ["notes_note", "text=Hello", 'labels={"a b":"c"}', ...config];
        const made = await host(provider, ...note, "name=one", "--json", "--state", "kept");
        deepStrictEqual(made.code, 0, made.stderr);
        strictEqual(
          made.stderr,
          'Warning: The label "a b" has a space in it\n  at labels["a b"]\n',
        );
        const { modified, ...values } = JSON.parse(made.stdout);
        match(modified, /^\d{4}-/);
        deepStrictEqual(values, {
          bytes: 5,
          labels: { "a b": "c" },
          name: "one",
          text: "Hello",
          title: "one",
        });
        const read = await host(provider, "data.notes_index", ...config, "--json");
        deepStrictEqual(JSON.parse(read.stdout), { names: ["one"], prefix: null }, read.stderr);

        const renamed = await host(provider, ...note, "name=two", "--state", "kept");
        match(renamed.stdout, /^notes_note was destroyed and created anew$/m, renamed.stderr);
        const after = await host(provider, "data.notes_index", ...config, "--json");
        deepStrictEqual(JSON.parse(after.stdout).names, ["two"], after.stderr);

        const refused = await host(provider, ...note, "name=A B");
        strictEqual(refused.code, 1);
        match(refused.stderr, /^Error: "A B" cannot be the name of a note\n {2}at name\n/m);
        const unconfigured = await host(provider, "notes_note", "name=a");
        match(
          unconfigured.stderr,
          /^Error: Missing required argument\n {2}at provider\.directory\n/,
        );

        const gone = await host(
          provider,
          "notes_note",
          ...config,
          "--destroy",
          "--state",
          "kept",
        );
        match(gone.stdout, /^notes_note was destroyed$/m, gone.stderr);
      }, ["kept", "terraform-provider-notes"]);
    });
  }
}
