/**
 * A provider of protocol 6 with everything inside everything: blocks of every
 * nesting, attributes with attributes, an attribute of any type. It fills in
 * each `id`, asks for a new resource when `name` changes, and fails as `name`
 * tells it to.
 */
import { implement, RpcError, serve } from "@x/goplugin/plugin";
import {
  handshake,
  Service6,
  type WireDiagnostic,
} from "../../examples/terraform-host/protocol.ts";
import { readProviderSchema } from "../../examples/terraform-host/schema.ts";
import {
  decodeValue,
  Dynamic,
  encodeValue,
  mapObject,
  type ObjectValue,
  UNKNOWN,
  type Value,
} from "../../examples/terraform-host/values.ts";
import { NESTED_SCHEMA } from "./nested_schema.ts";

/** What the provider remembers of a resource: a letter for each call. */
const append = (data: Uint8Array, letter: string) =>
  new TextEncoder().encode(new TextDecoder().decode(data) + letter);

const { type } = readProviderSchema(NESTED_SCHEMA).resources["nested_thing"]?.block ?? {};
if (type === undefined) throw new TypeError("the schema lacks its resource");

/** Replaces each `id` that holds `from`. */
function fillIn(value: Value, from: Value, make: () => Value): Value {
  if (Array.isArray(value)) return value.map((each) => fillIn(each, from, make));
  if (typeof value !== "object" || value === null || value instanceof Dynamic) return value;
  return mapObject(
    value as ObjectValue,
    (each, name) => name === "id" && each === from ? make() : fillIn(each, from, make),
  );
}

function diagnostic(severity: "ERROR" | "WARNING", summary: string): WireDiagnostic {
  return { severity, summary, detail: "", attribute: { steps: [] } };
}

const name = (value: Value) => (value as ObjectValue)["name"];
const good = () => ({ diagnostics: [] });
let made = 0;

const unasked = (): never => {
  throw new RpcError("UNIMPLEMENTED", "no test asks for it");
};

const provider = implement(Service6, {
  getProviderSchema: () => NESTED_SCHEMA,
  validateProviderConfig: () => good(),
  configureProvider: () => good(),
  validateResourceConfig: () => good(),
  planResourceChange({ priorState, proposedNewState, priorPrivate }) {
    const proposed = decodeValue(type, proposedNewState);
    const prior = decodeValue(type, priorState);
    const planned = fillIn(proposed, null, () => UNKNOWN);
    return {
      plannedState: encodeValue(type, planned),
      // Whether it changes is for the host to see.
      requiresReplace: prior === null ? [] : [{
        steps: [{ selector: "attributeName", attributeName: "name" }],
      }],
      plannedPrivate: append(priorPrivate, "p"),
      diagnostics: planned === null ? [diagnostic("WARNING", "It will be gone")] : [],
    };
  },
  applyResourceChange({ plannedState, plannedPrivate }) {
    const planned = decodeValue(type, plannedState);
    const answer = { private: append(plannedPrivate, "a") };
    if (planned !== null && name(planned) === "fails") {
      const newState = encodeValue(type, fillIn(planned, UNKNOWN, () => "half"));
      const diagnostics = [diagnostic("ERROR", "It broke")];
      return { ...answer, newState, diagnostics };
    }
    if (planned !== null && name(planned) === "crashes") {
      throw new RpcError("INTERNAL", "out of order");
    }
    const state = planned !== null && name(planned) === "forgets"
      ? planned
      : fillIn(planned, UNKNOWN, () => `made-${made++}`);
    return { ...answer, newState: encodeValue(type, state), diagnostics: [] };
  },
  upgradeResourceState: unasked,
  readResource: unasked,
  validateDataResourceConfig: unasked,
  readDataSource: unasked,
  callFunction: unasked,
});

await serve({ handshake, versionedPlugins: { 6: { provider } } });
