/** What stands in .github is right as far as that can be told without GitHub. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goMissing } from "../helpers/go.ts";
import { goTool } from "../helpers/go_tool.ts";
import { run } from "../helpers/run.ts";

const GITHUB = join(PROJECT_ROOT, ".github");
const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), "utf8");

test("actionlint finds nothing in the workflows", { skip: goMissing() ?? false }, async () => {
  const actionlint = await goTool("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12");
  const folder = join(GITHUB, "workflows");
  const files = readdirSync(folder).map((name) => join(folder, name));
  ok(files.length >= 2);
  // Whether there are other linters in PATH is not to make a difference.
  const flags = ["-shellcheck=", "-pyflakes=", "-no-color"];
  const { code, stdout, stderr } = await run([actionlint, ...flags, ...files]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
});

test("the workflows run tasks that there are", () => {
  const { tasks } = JSON.parse(read("deno.json")) as { tasks: Record<string, unknown> };
  const texts = readdirSync(join(GITHUB, "workflows")).map((name) =>
    read(`.github/workflows/${name}`)
  );
  const named = texts.join("\n").matchAll(/deno task ([\w:-]+)/g);
  const used = [...new Set([...named].map(([, name = ""]) => name))];
  ok(used.length >= 4, String(used));
  deepStrictEqual(used.filter((name) => !(name in tasks)), []);
});

test("CONTRIBUTING.md names tasks, files and folders that there are", () => {
  const page = read(".github/CONTRIBUTING.md");
  const { tasks } = JSON.parse(read("deno.json")) as { tasks: Record<string, unknown> };
  const named = [...page.matchAll(/deno(?:@2)? task ([\w:-]+)/g)].map(([, name = ""]) => name);
  ok(named.length > 8);
  deepStrictEqual(named.filter((name) => !(name in tasks)), []);

  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => join(GITHUB, path));
  const inText = [...page.matchAll(/\b(?:src|tests|\.ci)\/[\w./-]*\w/g)].map(([path]) => path);
  const paths = [...links, ...inText.map((path) => join(PROJECT_ROOT, path))];
  // The feature is an invention, and a test that runs on Node bears Node's ending.
  const isReal = (path: string) => !path.includes("greeting") && !path.endsWith(".js");
  const missing = paths.filter(isReal).filter((path) => !existsSync(path));
  deepStrictEqual(missing, []);
  ok(paths.length > 8 && paths.every((path) => existsSync(dirname(path)) || !isReal(path)));
});
