/** Every row of the tables in docs/permissions.md is true: run with exactly its flags, and without each. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Client, denoPlugin, type PluginError } from "@x/goplugin";
import { GreeterService, handshake } from "../../examples/greeter/greeter.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goMissing } from "../helpers/go.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Outcome, type Values, valuesFor, type Way, WAYS } from "./permission_rows.ts";

const PAGE = readFileSync(join(PROJECT_ROOT, "docs/permissions.md"), "utf8");

/** A row of the page. */
interface Row {
  readonly name: string;
  /** As written, with words in capitals. */
  readonly flags: readonly string[];
  /** What is said to happen without a flag, by what stands before its `=`. */
  readonly without: ReadonlyMap<string, string>;
}

const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

/** The rows that have flags; other tables have none. */
function rowsOf(page: string): Row[] {
  const rows = page.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.slice(1, -1).split(" | ").map((cell) => cell.trim()));
  return rows.filter(([, flags = ""]) => /^`--/.test(flags) && /` `--|^`[^`]+`$/.test(flags))
    .filter((cells) => cells.length === 3)
    .map(([name = "", flags = "", without = ""]) => ({
      name,
      flags: words(flags),
      without: new Map(
        without.split("; ").filter((part) => part !== "").flatMap((part) => {
          const [, which = "", what = ""] = part.match(/^(.*?): (.*)$/) ?? [];
          return words(which).map((flag) => [flag, what] as const);
        }),
      ),
    }));
}

const ROWS = rowsOf(PAGE);

function fill(text: string, values: Values): string {
  return text.replace(/\b[A-Z]{3,}\b/g, (word) => values[word] ?? word);
}

/** As many at once as a small machine bears. */
const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(task: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await task();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** Runs a way with some of its row's flags. */
function outcomeOf(
  way: Way,
  flags: readonly string[],
): Promise<Outcome & { readonly values: Values }> {
  return inTurn(async () => {
    const { values: own = {}, end } = await way.prepare?.() ?? {};
    try {
      const values = valuesFor(own);
      return { ...await way.run(flags.map((flag) => fill(flag, values)), values), values };
    } finally {
      await end?.();
    }
  });
}

const kindOf = (flag: string) => flag.split("=")[0] ?? "";

/** Holds what came of leaving a flag out against what the page says. */
function checkWithout(
  { without }: Row,
  flag: string,
  outcome: Outcome & { values: Values },
): string {
  const said = without.get(kindOf(flag)) ?? `the error names \`${flag}\``;
  const [named] = words(said);
  if (named !== undefined) {
    deepStrictEqual(
      [outcome.text, outcome.flags],
      [undefined, [fill(named, outcome.values)]],
      outcome.said,
    );
  } else if (said === "it goes to TCP") strictEqual(outcome.network, "tcp", outcome.said);
  else if (said === "it works, and reading another variable throws") {
    strictEqual(outcome.text, "throws", outcome.said);
  } else throw new Error(`The page says what no test knows: ${said}`);
  return said;
}

const table: string[] = [];

test("docs/permissions.md lists the ways of running that are tested, and no others", () => {
  deepStrictEqual(ROWS.map(({ name }) => name), Object.keys(WAYS));
});

test("the README's table of permissions says the same as docs/permissions.md", () => {
  const readme = readFileSync(join(PROJECT_ROOT, "README.md"), "utf8");
  const same: Record<string, string> = {
    "plugin on TCP": "TCP",
    "plugin on a unix socket": 'unix socket (`network: "unix"`)',
    "host of a plugin on TCP": "a plugin on TCP, as `denoPlugin()` makes it",
    "host of a plugin on a unix socket, as in Go": "a plugin on a unix socket, in Go for one",
    "host that attaches to a plugin on TCP": "attaching to a plugin on TCP (`reattach`)",
    "`testClient()`": "`testClient()`",
  };
  const [, section = ""] = readme.match(/^## Permissions\n([^]*?)^## /m) ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.slice(1, -1).split(" | ").map((cell) => cell.trim()));
  const listed = rows.filter(([, flags = ""]) => flags.startsWith("`--"));
  deepStrictEqual(listed.map(([name = ""]) => name), Object.keys(same));
  for (const [name = "", flags = ""] of listed) {
    deepStrictEqual(words(flags), ROWS.find((row) => row.name === same[name])?.flags, name);
  }
});

for (const row of ROWS) {
  const way = WAYS[row.name];
  if (way === undefined) continue;
  test(`docs/permissions.md, ${row.name}: ${row.flags.join(" ")}`, {
    skip: way.isGo ? goMissing() ?? false : false,
  }, async () => {
    // Once before all: what is built is built, and what is wrong is said once.
    const whole = await outcomeOf(way, row.flags);
    strictEqual(whole.text, way.answers ?? "echo", whole.said);
    if (way.network !== "none") strictEqual(whole.network, way.network ?? "tcp", whole.said);
    const left = await Promise.all(row.flags.map(async (flag) => {
      const outcome = await outcomeOf(way, row.flags.filter((other) => other !== flag));
      return `    without ${flag}: ${checkWithout(row, flag, outcome)}`;
    }));
    table.push(`${row.name}\n    ${row.flags.join(" ")}`, ...left);
  });
}

after(() => console.log(table.join("\n")));

/** The first block of a language on the page. */
function block(language: string): string {
  const [, text = ""] = PAGE.match(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m")) ?? [];
  ok(text !== "", `the page has a block of ${language}`);
  return text;
}

test("docs/permissions.md: its permission set is enough for a plugin, and each part is needed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "permission-set-"));
  const greet = async (permissions: unknown) => {
    const { imports } = JSON.parse(readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8"));
    for (const [name, target] of Object.entries<string>(imports)) {
      if (target.startsWith("./")) imports[name] = `file://${join(PROJECT_ROOT, target)}`;
    }
    writeFileSync(join(folder, "deno.json"), JSON.stringify({ imports, permissions }));
    const client = new Client({
      handshake,
      plugins: { greeter: GreeterService },
      command: denoPlugin("plugin.ts", { handshake, permissionSet: "plugin" }),
      cwd: folder,
      logger: recordLogs().logger,
    });
    try {
      const greeter = await client.dispense("greeter");
      return (await greeter.greet({ name: "set" })).text;
    } catch (error) {
      return (error as PluginError).hint;
    } finally {
      await client.kill();
    }
  };
  try {
    cpSync(join(PROJECT_ROOT, "examples/greeter"), folder, { recursive: true });
    const { permissions } = JSON.parse(block("json"));
    strictEqual(await greet(permissions), "Hello, set!");
    const { net: _, ...withoutNet } = permissions.plugin;
    match(await greet({ plugin: withoutNet }) ?? "", /add --allow-net=127\.0\.0\.1 to its command/);
    const { env: __, ...withoutEnv } = permissions.plugin;
    match(
      await greet({ plugin: withoutEnv }) ?? "",
      /add --allow-env=GREETER_PLUGIN,PLUGIN_\* to its command/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("docs/permissions.md: denoPlugin() gives the command that the page prints", () => {
  const [, printed = ""] = PAGE.match(/^ {4}(deno run -q .*)$/m) ?? [];
  strictEqual(denoPlugin("plugin.ts", { handshake, deno: "deno" }).join(" "), printed);
});
