import { match, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fixtureClient } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture, isDeno } from "../helpers/program.ts";
import { until, within } from "../helpers/wait.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";

/** Sets variables of this process, which a plugin inherits, while something runs. */
async function withVariables(variables: Record<string, string>, run: () => Promise<void>) {
  Object.assign(process.env, variables);
  try {
    await run();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

test("a plugin sees the host's variables, and the client's before those", async () => {
  await withVariables({ FIXTURE_A: "host", FIXTURE_B: "host" }, async () => {
    await using client = fixtureClient("obedient", { env: { FIXTURE_B: "client" } });
    const plugin = await client.dispense("fixture");
    strictEqual((await plugin.environment({ text: "FIXTURE_A" })).text, "host");
    strictEqual((await plugin.environment({ text: "FIXTURE_B" })).text, "client");
    strictEqual((await plugin.environment({ text: "PLUGIN_MIN_PORT" })).text, "10000");
    strictEqual((await plugin.environment({ text: "PLUGIN_MAX_PORT" })).text, "25000");
  });
});

test("skipHostEnv keeps the host's variables from a plugin", async () => {
  await withVariables({ FIXTURE_A: "host" }, async () => {
    await using client = fixtureClient("obedient", {
      skipHostEnv: true,
      // Deno finds its cache by it.
      env: { HOME: process.env.HOME ?? "", DENO_DIR: process.env.DENO_DIR ?? "" },
    });
    const plugin = await client.dispense("fixture");
    strictEqual((await plugin.environment({ text: "FIXTURE_A" })).text, "(unset)");
    strictEqual((await plugin.environment({ text: "FIXTURE_PLUGIN" })).text, "fixture");
  });
});

test("a host that is itself a plugin keeps its own host's variables from its plugins", async () => {
  const { certificatePem } = await generateIdentity();
  const inherited = {
    PLUGIN_CLIENT_CERT: certificatePem,
    PLUGIN_MULTIPLEX_GRPC: "true",
    PLUGIN_UNIX_SOCKET_GROUP: "nobody",
    PLUGIN_UNIX_SOCKET_DIR: "/nonexistent",
  };
  await withVariables(inherited, async () => {
    await using client = fixtureClient("obedient", { autoMtls: false });
    const plugin = await client.dispense("fixture");
    strictEqual(client.isEncrypted, false);
    for (
      const name of ["PLUGIN_CLIENT_CERT", "PLUGIN_MULTIPLEX_GRPC", "PLUGIN_UNIX_SOCKET_GROUP"]
    ) {
      const { text } = await plugin.environment({ text: name });
      // Node takes them out, Deno can only empty them: go-plugin reads both as unset.
      ok(text === "(unset)" || text === "", `${name}=${text}`);
    }
  });
});

test("stdout that is written past the runtime never blocks a plugin", async () => {
  await using client = fixtureClient("obedient");
  const plugin = await client.dispense("fixture");
  const amount = 3 * 1024 * 1024;
  // Far more than a pipe holds, without a line break.
  strictEqual((await within(plugin.print({ amount }), "the answer")).text, String(amount));
});

test("a plugin reads the stdin that it was given", async () => {
  const { logger, entries } = recordLogs();
  const stdin = new Blob(["some ", "text"]).stream();
  await using client = fixtureClient("reader", { logger, stdin });
  await client.start();
  await until(() => entries.some(({ message }) => message === "stdin: some text"), "the text");
});

test("a plugin's stderr is logged under its name and copied", async () => {
  const { logger, entries } = recordLogs();
  const copied: string[] = [];
  const decoder = new TextDecoder();
  await using client = fixtureClient("obedient", {
    logger,
    stderr: (bytes) => void copied.push(decoder.decode(bytes)),
  });
  await client.start();
  await client.kill();
  const program = isDeno ? "deno" : "node";
  ok(
    entries.some(({ name, level, message }) =>
      name === program && level === "debug" && message === "plugin address"
    ),
  );
  match(copied.join(""), /"@message":"plugin address"/);
  match(copied.join(""), /after serve\n$/);
});

test("a stream takes the copy of a plugin's stderr and stays open", async () => {
  let text = "";
  let isClosed = false;
  const decoder = new TextDecoder();
  const stderr = new WritableStream<Uint8Array>({
    write: (bytes) => void (text += decoder.decode(bytes)),
    close: () => void (isClosed = true),
  });
  const client = fixtureClient(fixture("obedient"), { stderr });
  await client.start();
  await client.kill();
  match(text, /after serve\n$/);
  strictEqual(isClosed, false);
  strictEqual(stderr.locked, false);
});
