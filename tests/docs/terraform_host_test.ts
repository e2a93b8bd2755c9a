/** What examples/terraform-host/README.md says, done from an empty folder. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goMissing } from "../helpers/go.ts";
import { runLong } from "../helpers/run.ts";

const EXAMPLE = join(PROJECT_ROOT, "examples/terraform-host");
/** A first build of the provider takes a minute or more. */
const COMMAND_LIMIT_MS = 10 * 60_000;

/** The commands of a README, each with what is said to come of it, if anything is. */
function commands(readme: string): { command: string; printed: string | undefined }[] {
  const found: { command: string; printed: string | undefined }[] = [];
  // Indented lines, and the empty ones between them.
  for (const [block] of readme.matchAll(/(?:^ {4}.*\n(?:\n(?= {4}))?)+/gm)) {
    const text = block.replaceAll(/^ {4}/gm, "").trimEnd();
    if (/^(deno|GOBIN)/.test(text)) {
      found.push(...text.split("\n").map((command) => ({ command, printed: undefined })));
    } else {
      const last = found.at(-1);
      ok(last !== undefined && last.printed === undefined, text);
      last.printed = text;
    }
  }
  return found;
}

test("the commands of examples/terraform-host do what its README says", {
  skip: goMissing() ?? false,
}, async () => {
  const readme = fs.readFileSync(join(EXAMPLE, "README.md"), "utf8");
  const folder = fs.mkdtempSync(join(tmpdir(), "terraform-host-"));
  try {
    for (const name of fs.readdirSync(EXAMPLE).filter((name) => name.endsWith(".ts"))) {
      fs.copyFileSync(join(EXAMPLE, name), join(folder, name));
    }
    const [, library = ""] = readme.match(/^```ts\n\/\/ week\.ts\n([^]*?)^```$/m) ?? [];
    fs.writeFileSync(join(folder, "week.ts"), library);
    // What `deno add` would write, with the working tree in JSR's place.
    const { imports } = JSON.parse(fs.readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8"));
    for (const [name, target] of Object.entries<string>(imports)) {
      if (target.startsWith("./")) imports[name] = `file://${join(PROJECT_ROOT, target)}`;
    }
    fs.writeFileSync(
      join(folder, "deno.json"),
      JSON.stringify({ imports, nodeModulesDir: "none" }),
    );
    const bin = join(folder, "bin");
    fs.mkdirSync(bin);
    const deno = `#!/bin/sh\nexec '${process.execPath}' "$@"\n`;
    fs.writeFileSync(join(bin, "deno"), deno, { mode: 0o755 });
    const env = {
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      NO_COLOR: "1",
      TF_LOG: "",
      // As tests/tofu/build.ts builds it, whose packages need not be compiled again.
      CGO_ENABLED: "0",
      GOWORK: "off",
    };
    const listed = commands(readme);
    strictEqual(listed.length, 10);
    for (const { command, printed } of listed) {
      const options = { cwd: folder, env };
      const result = await runLong(["sh", "-c", command], options, COMMAND_LIMIT_MS);
      const isRefused = printed?.startsWith("Error:") ?? false;
      strictEqual(result.code, isRefused ? 1 : 0, `${command}\n${result.stderr}`);
      if (printed === undefined) continue;
      const output = isRefused ? result.stderr : result.stdout;
      deepStrictEqual(output.trimEnd(), printed, command);
    }
    deepStrictEqual(JSON.parse(fs.readFileSync(join(folder, "week.json"), "utf8")), null);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
