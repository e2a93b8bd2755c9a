/** A plugin that `deno bundle` made one file of, under a host made with the real go-plugin. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { bundle, type Form, FORMS } from "../../scripts/one_file.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import type { Command } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";
import { AUTO_MTLS, runtimeMissing, RUNTIMES, shellWords } from "./matrix.ts";

const folder = mkdtempSync(join(tmpdir(), "one-file-"));
const forms = Object.keys(FORMS) as Form[];
const bundled = (form: Form) => join(folder, form, "plugin.mjs");

/** What runs a file with nothing at hand: no configuration, no package, no registry. */
const ALONE: Record<(typeof RUNTIMES)[number], Command> = {
  deno: [
    ...[process.execPath, "run", "--no-config", "--no-npm", "--no-remote"] as const,
    ...["--allow-net", "--allow-run", "--allow-env=GOPLUGIN_ENGINE"],
  ],
  node: ["node"],
};
const NOTHING = "http://127.0.0.1:9";
const ENVIRONMENT = {
  DENO_DIR: join(folder, "deno-dir"),
  NODE_PATH: "",
  npm_config_registry: NOTHING,
  HTTP_PROXY: NOTHING,
  HTTPS_PROXY: NOTHING,
};

before(async () => {
  for (const form of forms) {
    mkdirSync(join(folder, form));
    await bundle("examples/kv/plugin.ts", bundled(form), form);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const form of forms) {
    for (const mtls of AUTO_MTLS) {
      const name = `Go host × our plugin in one file (${form}) on ${runtime}, AutoMTLS ${mtls}`;
      const isLeft = form === "lean" && exceptGrpcJs("a lean plugin does not hold it");
      test(name, { skip: skip || isLeft }, async () => {
        const host = await goProgram("kv-host");
        deepStrictEqual(readdirSync(join(folder, form)), ["plugin.mjs"]);
        const result = await run([host, "roundtrip", "hello", "world"], {
          cwd: join(folder, form),
          env: {
            ...ENVIRONMENT,
            KV_PLUGIN: shellWords([...ALONE[runtime], bundled(form)]),
            AUTO_MTLS: mtls,
          },
        });
        deepStrictEqual(result, { code: 0, stdout: "world\n", stderr: "" });
      });
    }
  }

  test(`a plugin in one file holds grpc-js, unless it is lean, on ${runtime}`, {
    skip,
  }, async () => {
    const host = await goProgram("kv-host");
    const start = (form: Form) =>
      run([host, "roundtrip", "hello", "world"], {
        cwd: join(folder, form),
        env: {
          ...ENVIRONMENT,
          KV_PLUGIN: shellWords([...ALONE[runtime], bundled(form)]),
          GOPLUGIN_ENGINE: "grpc-js",
        },
      });
    for (const form of ["full", "minified"] as const) {
      const { code, stdout, stderr } = await start(form);
      deepStrictEqual([code, stdout], [0, "world\n"], stderr);
    }
    const { code, stderr } = await start("lean");
    strictEqual(code, 1);
    match(stderr, /@grpc\/grpc-js/);
  });
}

test("a plugin in one file names no file of the machine that made it, once it is minified", () => {
  for (const form of ["minified", "lean"] as const) {
    const text = readFileSync(bundled(form), "utf8");
    ok(text.length > 50_000);
    ok(!text.includes(PROJECT_ROOT) && !/https?:\/\/registry\./.test(text), form);
  }
});

test("a lean plugin leaves packages out by the names that JSR gives them", async () => {
  const copy = join(folder, "jsr");
  mkdirSync(copy);
  const { imports } = JSON.parse(readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8")) as {
    imports: Record<string, string>;
  };
  for (const name of ["src", "plugin.ts", "mod.ts", "host.ts", "examples/kv"]) {
    cpSync(join(PROJECT_ROOT, name), join(copy, name), { recursive: true });
  }
  // As publishing does: what the import map says is written into the modules.
  let renamed = 0;
  for (const name of readdirSync(join(copy, "src"), { recursive: true }).map(String)) {
    if (!name.endsWith(".ts")) continue;
    const file = join(copy, "src", name);
    const source = readFileSync(file, "utf8");
    const text = source.replaceAll(/(?<=(?:from|import\()\s*")[^."][^":]*(?=["])/g, (specifier) => {
      const found = Object.keys(imports).find((key) => `${specifier}/`.startsWith(`${key}/`));
      return found === undefined ? specifier : specifier.replace(found, imports[found] ?? "");
    });
    if (text !== source) renamed++;
    writeFileSync(file, text);
  }
  ok(renamed > 3);
  const own = Object.entries(imports).filter(([, target]) => target.startsWith("./"));
  const config = JSON.stringify({ imports: Object.fromEntries(own), nodeModulesDir: "none" });
  writeFileSync(join(copy, "deno.json"), config);
  const output = join(copy, "plugin.mjs");
  await bundle("examples/kv/plugin.ts", output, "lean", copy);
  const text = readFileSync(output, "utf8");
  ok(text.includes('import("npm:@grpc/grpc-js@'), "it names the package");
  const difference = text.length - readFileSync(bundled("lean"), "utf8").length;
  ok(Math.abs(difference) < 1000, `it holds ${difference} characters more`);
});

test("docs/one-file.md gives the commands that these tests run", () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs/one-file.md"), "utf8");
  const commands = [...page.matchAll(/^ {4}(deno bundle [^]*?[^\\])$/gm)].map(([, text = ""]) =>
    text.replaceAll(/\s*\\\n\s*/g, " ").replaceAll("'", "")
  );
  const expected = forms.map((form) =>
    ["deno bundle", ...FORMS[form], "-o plugin.mjs plugin.ts"].join(" ")
  );
  deepStrictEqual(commands, expected);
});
