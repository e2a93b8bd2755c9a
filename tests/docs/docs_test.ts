/** What is written about the module is true: docstrings, generated files, the package. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { embedOwn } from "../../proto/embed.ts";
import { nodeProject } from "../../scripts/node_project.ts";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { run } from "../helpers/run.ts";
import { runtimeMissing } from "../interop/matrix.ts";

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), "utf8");

test("src/rpc/descriptors.ts holds what proto/ says", async () => {
  const formatted = await run([process.execPath, "fmt", "--ext=ts", "-"], {
    input: await embedOwn(),
    cwd: PROJECT_ROOT,
  });
  strictEqual(read("src/rpc/descriptors.ts"), formatted.stdout, "run: deno task embed");
});

for (
  const name of [
    "examples/greeter/greeter",
    "examples/kv/kv",
    "examples/callback/counter",
    "examples/sandbox/explorer",
    "bench/bench",
    "tests/fixtures/fixture",
    "tests/fixtures/exchange",
    "tests/interop/programs/streamer",
  ]
) {
  test(`${name}_descriptor.ts holds what ${name}.proto says`, async () => {
    const { embed } = await import("../../proto/embed.ts");
    const source = await embed({ descriptor: [join(PROJECT_ROOT, `${name}.proto`)] });
    const formatted = await run([process.execPath, "fmt", "--ext=ts", "-"], {
      input: source,
      cwd: PROJECT_ROOT,
    });
    strictEqual(read(`${name}_descriptor.ts`), formatted.stdout);
  });
}

test("every exported name has a docstring", async () => {
  const { stderr, stdout } = await run(
    [process.execPath, "doc", "--lint", "mod.ts", "host.ts", "plugin.ts", "testing.ts"],
    { cwd: PROJECT_ROOT, env: { NO_COLOR: "1" } },
  );
  const findings = `${stdout}\n${stderr}`.split("\n").filter((line) => line.startsWith("error["));
  // grpc-js's own types, which the public API shows, cannot be documented here.
  const types = "Channel|Interceptor|ServerInterceptor|UntypedHandleCall|handle\\w+Call";
  const pattern = new RegExp(`references private type '(${types})'$`);
  const isGrpc = (line: string) => pattern.test(line);
  strictEqual(findings.filter(isGrpc).length, 8);
  deepStrictEqual(findings.filter((line) => !isGrpc(line)), []);
});

test("deno publish would publish the module and its pages, and nothing else", async () => {
  const { code, stderr, stdout } = await run(
    [process.execPath, "publish", "--dry-run", "--allow-dirty"],
    { cwd: PROJECT_ROOT, env: { NO_COLOR: "1" } },
  );
  const output = `${stdout}\n${stderr}`;
  strictEqual(code, 0, output);
  const files = [...output.matchAll(/file:\/\/\S+/g)].map(([url]) => url);
  ok(files.length > 40, output);
  for (const url of files) {
    match(
      url,
      /\/(src|proto)\/|\/docs\/.*\.(md|svg)$|\/(mod|host|plugin|testing)\.ts|\/[A-Z]+(\.md)?$|deno\.json$/,
    );
  }
});

test("no third-party package loads with the module itself", async () => {
  const { stdout } = await run([process.execPath, "info", "--json", "mod.ts"], {
    cwd: PROJECT_ROOT,
  });
  interface Dependency {
    specifier: string;
    isDynamic?: boolean;
    code?: { specifier: string };
  }
  const { modules } = JSON.parse(stdout) as {
    modules: { specifier: string; dependencies?: Dependency[] }[];
  };
  const eager = modules.flatMap(({ dependencies = [] }) => dependencies)
    .filter(({ isDynamic, code, specifier }) =>
      !isDynamic && code !== undefined && !specifier.startsWith(".")
    ).map(({ specifier }) => specifier);
  // node:child_process and its like stand behind the import of the Node adapter.
  deepStrictEqual(eager.filter((specifier) => !specifier.startsWith("node:")), []);
});

test("services of embedded descriptors need no third-party package", async () => {
  const start = (script: string) =>
    run([process.execPath, "run", "-q", "--no-npm", "-"], { cwd: PROJECT_ROOT, input: script });
  const { stdout, stderr } = await start(`
    import { service } from "./mod.ts";
    import { brokerDescriptor } from "./src/rpc/descriptors.ts";
    const { methods, files } = await service(brokerDescriptor, "plugin.GRPCBroker").load();
    const { requestSerialize, requestDeserialize } = methods.get("startStream");
    console.log(requestDeserialize(requestSerialize({ address: "a" })).address);
    console.log((await files()).length);
  `);
  strictEqual(stdout, "a\n1\n", stderr);
  // And what does need one, is told that it may not have it.
  const loading = await start('import("@grpc/grpc-js");');
  match(loading.stderr, /npm/);
  ok(loading.code !== 0);
});

test("the npm package holds no path of the machine that built it", {
  skip: runtimeMissing("node") ?? false,
}, async () => {
  const installed = join(await nodeProject(), "node_modules/@x/goplugin");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  strictEqual(manifest.engines.node, ">=20");
  deepStrictEqual(Object.keys(manifest.dependencies).sort(), [
    "@grpc/grpc-js",
    "@grpc/proto-loader",
    "@peculiar/x509",
    "reflect-metadata",
  ]);
  let count = 0;
  for (const entry of readdirSync(installed, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    ok(!text.includes(PROJECT_ROOT), entry.name);
    ok(!text.includes("sourceMappingURL"), entry.name);
    count++;
  }
  ok(count > 50);
});
