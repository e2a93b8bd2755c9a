/** The part of examples/terraform-provider that every provider needs, by the calls of a host. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { implement } from "@x/goplugin";
import { testClient } from "@x/goplugin/testing";
import { noteProvider } from "../../examples/terraform-provider/note_provider.ts";
import { planChange } from "../../examples/terraform-provider/plan.ts";
import { type Encoded, ProviderService } from "../../examples/terraform-provider/protocol.ts";
import { providerHandlers } from "../../examples/terraform-provider/provider.ts";
import type { Attributes } from "../../examples/terraform-provider/schema.ts";
import {
  decodeValue,
  encodeValue,
  isSame,
  unknown,
  type Values,
} from "../../examples/terraform-provider/value.ts";

const NOTE = { name: "one", title: null, text: null, labels: null, bytes: null, modified: null };

/** Lets a host talk to the provider, with a directory of its own. */
async function withProvider(
  use: (
    provider: Awaited<ReturnType<typeof ProviderService.client>>,
    directory: string,
  ) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "notes-"));
  const provider = implement(ProviderService, providerHandlers(noteProvider));
  const client = await testClient({ provider });
  try {
    await use(await client.dispense("provider"), directory);
  } finally {
    await client.kill();
    rmSync(directory, { recursive: true });
  }
}

test("decodeValue() takes extension types 0 and 12 for unknown, whatever their body", () => {
  const decode = (...bytes: number[]) => decodeValue({ msgpack: new Uint8Array(bytes) });
  strictEqual(decode(0xd4, 0, 0), unknown);
  strictEqual(decode(0xc7, 0, 0), unknown);
  strictEqual(decode(0xc7, 3, 12, 0x81, 1, 0xc2), unknown);
  deepStrictEqual(decode(0x92, 0xd4, 0, 0, 0xc0), [unknown, null]);
});

test("encodeValue() writes unknown as extension type 0", () => {
  deepStrictEqual(encodeValue({ a: unknown }), {
    msgpack: new Uint8Array([0x81, 0xa1, 0x61, 0xd4, 0, 0]),
  });
});

test("isSame() compares by content, and unknown with nothing", () => {
  strictEqual(isSame({ a: [1, { b: null }] }, { a: [1, { b: null }] }), true);
  strictEqual(isSame({ a: 1 }, { b: 1 }), false);
  strictEqual(isSame([], {}), false);
  strictEqual(isSame({ a: unknown }, { a: unknown }), false);
});

test("planChange() leaves to the provider what the user did not set and an update may change", () => {
  const attributes: Attributes = {
    name: { type: "string", required: true, replaces: true, description: "" },
    title: { type: "string", optional: true, computed: true, stays: true, description: "" },
    size: { type: "number", computed: true, description: "" },
  };
  const config = { name: "b", title: null, size: null };
  deepStrictEqual(planChange(attributes, null, config, config), {
    planned: { name: "b", title: unknown, size: unknown },
    replaced: [],
  });
  const prior = { name: "a", title: "A", size: 1 };
  deepStrictEqual(planChange(attributes, prior, { ...prior, name: "b" }, config), {
    planned: { name: "b", title: "A", size: unknown },
    replaced: ["name"],
  });
  deepStrictEqual(planChange(attributes, prior, prior, config), { planned: prior, replaced: [] });
});

test("a provider's resource is made, read, and found gone", () =>
  withProvider(async (provider, directory) => {
    const typeName = "notes_note";
    deepStrictEqual(
      await provider.configureProvider({
        terraformVersion: "",
        config: encodeValue({ directory }),
      }),
      { diagnostics: [] },
    );
    const state = async (answer: Promise<{ newState?: Encoded }>) =>
      decodeValue((await answer).newState ?? null) as Values | null;
    const plannedState = encodeValue({
      ...NOTE,
      title: unknown,
      modified: unknown,
      bytes: unknown,
    });
    const made = await state(
      provider.applyResourceChange({ typeName, priorState: encodeValue(null), plannedState }),
    );
    deepStrictEqual([made?.["title"], made?.["bytes"]], ["one", 0]);
    const read = () =>
      state(provider.readResource({ typeName, currentState: encodeValue({ ...NOTE }) }));
    deepStrictEqual(await read(), made);
    rmSync(join(directory, "one.json"));
    strictEqual(await read(), null);
  }));

test("a provider tells what went wrong with its place, and keeps the state", () =>
  withProvider(async (provider, directory) => {
    const typeName = "notes_note";
    const { diagnostics } = await provider.validateResourceConfig({
      typeName,
      config: encodeValue({ ...NOTE, name: "A B" }),
    });
    match(diagnostics?.[0]?.summary ?? "", /"A B" cannot be/);
    strictEqual(diagnostics?.[0]?.severity, "ERROR");
    const [step] = diagnostics?.[0]?.attribute?.steps ?? [];
    strictEqual((step as { attributeName?: string }).attributeName, "name");

    const unconfigured = await provider.readResource({
      typeName,
      currentState: encodeValue({ ...NOTE }),
    });
    match(unconfigured.diagnostics?.[0]?.summary ?? "", /not known yet/);

    await provider.configureProvider({ terraformVersion: "", config: encodeValue({ directory }) });
    const priorState = encodeValue({ ...NOTE, name: "no/such/directory", title: "kept" });
    const failed = await provider.applyResourceChange({
      typeName,
      priorState,
      plannedState: priorState,
    });
    match(failed.diagnostics?.[0]?.summary ?? "", /ENOENT|os error 2/);
    deepStrictEqual(decodeValue(failed.newState ?? null), decodeValue(priorState));
  }));

test("a provider's function names the argument that it cannot take", () =>
  withProvider(async (provider) => {
    const call = (...values: string[]) =>
      provider.callFunction({ name: "slug", arguments: values.map(encodeValue) });
    strictEqual(decodeValue((await call("Hello, World!", "1")).result ?? null), "hello-world-1");
    const { error } = await call("?");
    strictEqual(Number(error?.functionArgument), 0);
  }));
