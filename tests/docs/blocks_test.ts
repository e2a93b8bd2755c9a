/**
 * The TypeScript in README.md and docs/: every block passes the compiler, and
 * what a page says that a program prints, it prints.
 *
 * A block whose first line names a file is that file, beside those of the
 * README. Any other is a fragment: what it uses and does not declare comes
 * from the module or from context.ts.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { goMissing } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { HOST_TYPES, HOST_VALUES, PLUGIN_TYPES, PLUGIN_VALUES } from "../public_names.ts";
import { type Block, blocksOf, pages, printedBy, programsOf, readPage } from "./markdown.ts";
import { pathWithDeno } from "./outside.ts";

const CONTEXT = [
  ...readFileSync(join(PROJECT_ROOT, "tests/docs/context.ts"), "utf8")
    .matchAll(/^export (interface|declare const) (\w+)/gm),
].map(([, kind, name = ""]) => ({ name, isType: kind === "interface" }));
const TYPES = [...new Set([...HOST_TYPES, ...PLUGIN_TYPES])];
const MODULE = [
  ...[...new Set([...HOST_VALUES, ...PLUGIN_VALUES])].map((name) => ({ name, isType: false })),
  ...TYPES.map((name) => ({ name, isType: true })),
];

/** Whether a fragment uses a name that it does not bring itself. */
function lacks(text: string, name: string): boolean {
  const code = text.replaceAll(/\/\/.*|"[^"\n]*"/g, "");
  const isUsed = new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(code);
  const isDeclared = new RegExp(
    `\\b(const|let|using|class|function|interface|type) ([{[][^}=]*\\b)?${name}\\b|` +
      `\\bimport [^;]*\\b${name}\\b`,
  ).test(code);
  return isUsed && !isDeclared;
}

/** A fragment with what it lacks in front. */
function completed({ text }: Block): string {
  const imports = (from: string, names: readonly { name: string; isType: boolean }[]) => {
    const lacking = names.filter(({ name }) => lacks(text, name));
    const list = lacking.map(({ name, isType }) => isType ? `type ${name}` : name).join(", ");
    return list === "" ? "" : `import { ${list} } from "${from}";\n`;
  };
  return `${imports("@x/goplugin", MODULE)}${imports("context", CONTEXT)}${text}\nexport {};\n`;
}

const PAGES = pages().filter((path) => path === "README.md" || path.startsWith("docs/"));
const README = programsOf(readPage("README.md"));
let folder = "";

/** The folder with a page's files, as somebody would have who follows it. */
const folderOf = (path: string) => join(folder, path.replaceAll(/\W/g, "_"));

before(() => {
  folder = mkdtempSync(join(tmpdir(), "docs-"));
  const { imports } = JSON.parse(readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8"));
  for (const [name, target] of Object.entries<string>(imports)) {
    if (target.startsWith("./")) imports[name] = pathToFileURL(join(PROJECT_ROOT, target)).href;
  }
  imports["context"] = pathToFileURL(join(PROJECT_ROOT, "tests/docs/context.ts")).href;
  writeFileSync(join(folder, "deno.json"), JSON.stringify({ imports, nodeModulesDir: "none" }));
  for (const path of PAGES) {
    for (const [name, text] of [...README, ...programsOf(readPage(path))]) {
      const file = join(folderOf(path), name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("every block of TypeScript in README.md and docs/ passes the compiler", async () => {
  const files = PAGES.flatMap((path) =>
    blocksOf(readPage(path)).filter(({ language }) => language === "ts").map((block) => {
      if (block.file !== undefined) return join(folderOf(path), block.file);
      const fragment = join(folderOf(path), `line_${block.line}.ts`);
      writeFileSync(fragment, completed(block));
      return fragment;
    })
  );
  ok(files.length > 10);
  // One program, as the compiler begins anew with each that it is given.
  const all = join(folder, "all.ts");
  writeFileSync(all, files.map((file) => `import "${pathToFileURL(file).href}";\n`).join(""));
  const config = ["--no-lock", "--config", join(folder, "deno.json")];
  const { code, stderr } = await run([process.execPath, "check", ...config, all], {
    env: { NO_COLOR: "1" },
  });
  strictEqual(code, 0, stderr);
});

for (const path of PAGES.filter((path) => path.startsWith("docs/"))) {
  for (const { args, output } of printedBy(readPage(path))) {
    test(`${path}: deno run ${args.join(" ")} prints what it says`, async () => {
      const { code, stdout, stderr } = await run(
        [process.execPath, "run", "-q", "--no-lock", ...args],
        {
          cwd: folderOf(path),
          env: { NO_COLOR: "1", PATH: pathWithDeno(folder) },
        },
      );
      deepStrictEqual([code, stdout.trimEnd()], [0, output], stderr);
    });
  }
}

test("every block of Go in README.md and docs/ can be read by gofmt", {
  skip: goMissing() ?? false,
}, async () => {
  for (const path of PAGES) {
    for (const { language, text, line } of blocksOf(readPage(path))) {
      if (language !== "go") continue;
      const { code, stdout, stderr } = await run(["gofmt"], { input: text });
      deepStrictEqual([code, stdout], [0, text], `${path}:${line}: ${stderr}`);
    }
  }
});
