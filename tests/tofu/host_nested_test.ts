/** examples/terraform-host with a provider of protocol 6 that has everything inside everything. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ApplyError, type ResourceState } from "../../examples/terraform-host/change.ts";
import type { Diagnostic } from "../../examples/terraform-host/diagnostics.ts";
import { openProvider, type Provider } from "../../examples/terraform-host/provider.ts";
import { formatBlock, formatPlan, formatValues } from "../../examples/terraform-host/print.ts";
import type { Block } from "../../examples/terraform-host/schema.ts";
import { Dynamic, UNKNOWN, type Value } from "../../examples/terraform-host/values.ts";
import { moduleCommand } from "../helpers/program.ts";

const THING = "nested_thing";

/** Runs the provider for a test; `warnings` are those that it gave. */
async function withProvider(
  use: (provider: Provider, warnings: readonly Diagnostic[]) => Promise<void>,
): Promise<void> {
  const warnings: Diagnostic[] = [];
  await using provider = await openProvider(moduleCommand("tests/tofu/nested_provider"), {
    onWarning: (warning) => warnings.push(warning),
  });
  await provider.configure({ strict: true });
  await use(provider, warnings);
}

/** Plans and makes a change that leaves something. */
async function change(
  provider: Provider,
  input: Record<string, unknown>,
  prior: ResourceState | null = null,
): Promise<ResourceState> {
  const state = await provider.apply(await provider.plan(THING, input, prior));
  if (state === null) throw new TypeError("the resource is gone");
  return state;
}

/** A value with each made-up id as `"made"`. */
function withoutNumbers(value: Value): unknown {
  const text = (_: string, part: unknown) =>
    typeof part === "string" ? part.replace(/^made-\d+$/, "made") : part;
  return JSON.parse(JSON.stringify(value, text));
}

const secretOf = ({ private: data }: ResourceState) => new TextDecoder().decode(data);

test("Provider.plan() and apply() make a resource with blocks in it", () =>
  withProvider(async (provider) => {
    strictEqual(provider.protocolVersion, 6);
    const size = { size: 1 };
    const plan = await provider.plan(THING, {
      name: "a",
      any: { deep: [1] },
      rules: [size],
      single: size,
      list: [size],
      set: [size],
      map: { k: size },
    });
    const [known, unknown] = [{ id: "made", size: 1 }, { id: UNKNOWN, size: 1 }];
    const any = new Dynamic(["object", { deep: ["tuple", ["number"]] }], { deep: [1] });
    strictEqual(plan.action, "create");
    deepStrictEqual(plan.planned, {
      name: "a",
      id: UNKNOWN,
      secret: null,
      any,
      rules: [unknown],
      single: unknown,
      group: { id: UNKNOWN, size: null },
      list: [unknown],
      set: [unknown],
      map: { k: unknown },
    });
    const state = await provider.apply(plan);
    deepStrictEqual(withoutNumbers(state?.values ?? null), {
      name: "a",
      id: "made",
      secret: null,
      any: { ...any },
      rules: [known],
      single: known,
      group: { id: "made", size: null },
      list: [known],
      set: [known],
      map: { k: known },
    });
  }));

test("Provider.plan() tells a change, a new resource and nothing apart", () =>
  withProvider(async (provider, warnings) => {
    const made = await change(provider, { name: "a", set: [{ size: 1 }, { size: 2 }] });
    strictEqual(secretOf(made), "pa");

    const same = await provider.plan(THING, { name: "a", set: [{ size: 2 }, { size: 1 }] }, made);
    strictEqual(same.action, "none");
    strictEqual(await provider.apply(same), made);

    // The provider says that `name` takes a new resource, and it stays.
    const input = { name: "a", set: [{ size: 2 }], secret: "x" };
    const update = await provider.plan(THING, input, made);
    strictEqual(update.action, "update");
    deepStrictEqual(update.requiresReplace, []);
    const updated = await change(provider, input, made);
    strictEqual(updated.values["id"], made.values["id"]);
    strictEqual(secretOf(updated), "papa");

    const replace = await provider.plan(THING, { name: "b" }, updated);
    strictEqual(replace.action, "replace");
    deepStrictEqual(replace.requiresReplace, [[{ attribute: "name" }]]);
    deepStrictEqual([replace.planned?.["id"], replace.prior], [UNKNOWN, updated]);
    deepStrictEqual(warnings, []);
    const replaced = await change(provider, { name: "b" }, updated);
    strictEqual(secretOf(replaced), "pa");
    deepStrictEqual(warnings.map(({ summary }) => summary), ["It will be gone"]);
  }));

test("Provider.planDestroy() asks a provider that wants to be asked", () =>
  withProvider(async (provider, warnings) => {
    const made = await change(provider, { name: "a" });
    const plan = await provider.planDestroy(THING, made);
    strictEqual(plan.action, "delete");
    deepStrictEqual(warnings.map(({ summary }) => summary), ["It will be gone"]);
    strictEqual(await provider.apply(plan), null);
  }));

test("Provider.apply() brings what there is of a resource that failed", () =>
  withProvider(async (provider) => {
    const plan = await provider.plan(THING, { name: "fails" });
    await rejects(provider.apply(plan), (error) => {
      if (!(error instanceof ApplyError)) throw error;
      strictEqual(error.message, "Error: It broke");
      strictEqual(error.state?.values["id"], "half");
      return true;
    });
  }));

test("Provider.apply() refuses a new resource of which something stays unknown", () =>
  withProvider(async (provider) => {
    const plan = await provider.plan(THING, { name: "forgets" });
    await rejects(provider.apply(plan), /left values of it unknown/);
  }));

test("Provider.apply() fails with the provider's own status", () =>
  withProvider(async (provider) => {
    const plan = await provider.plan(THING, { name: "crashes" });
    await rejects(provider.apply(plan), { name: "RpcError", message: "out of order" });
  }));

test("a provider's resources have to be known", () =>
  withProvider(async (provider) => {
    await rejects(provider.plan("nested_nothing", {}), /the provider has nested_thing$/);
    await rejects(provider.read("nested_thing", {}), /the provider has none$/);
    await rejects(provider.configure({ lax: true }), /Unsupported argument\n {2}at provider\.lax/);
  }));

test("openProvider() ends with its signal, and leaves no provider", async () => {
  const signal = AbortSignal.abort(new Error("no time"));
  const command = moduleCommand("tests/tofu/nested_provider");
  await rejects(openProvider(command, { signal }), /no time/);
});

test("formatBlock(), formatPlan() and formatValues() show what is inside", () =>
  withProvider(async (provider) => {
    const block = provider.schema.resources[THING]?.block as Block;
    strictEqual(
      formatBlock(block),
      `  any: any, optional
  id: string, computed
  name: string, required
  rules: set, optional
      id: string, computed
      size: number, optional
  secret: string, optional, sensitive
  group: group of block
      id: string, computed
      size: number, optional
  list: list of block
      id: string, computed
      size: number, optional
  map: map of block
      id: string, computed
      size: number, optional
  set: set of block
      id: string, computed
      size: number, optional
  single: block
      id: string, computed
      size: number, optional`,
    );
    const input = { name: "a", secret: "s", any: [true], map: { "k k": { size: 2 } } };
    const plan = await provider.plan(THING, input);
    strictEqual(
      formatPlan(plan, block),
      `nested_thing will be created
  + any    = [true]
  + group  = { id = (known after apply) }
  + id     = (known after apply)
  + map    = { "k k" = { id = (known after apply), size = 2 } }
  + name   = "a"
  + secret = (sensitive value)`,
    );
    const { values } = await change(provider, input);
    strictEqual(
      formatValues({ ...values, id: "1", map: {}, group: null }, block),
      `    any    = [true]
    id     = "1"
    name   = "a"
    secret = (sensitive value)`,
    );
  }));
