/** The schema of nested_provider.ts. */
import type {
  WireAttribute,
  WireBlock,
  WireNestedBlock,
  WireProviderSchema,
} from "../../examples/terraform-host/protocol.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function attribute(name: string, type: string, more: Partial<WireAttribute> = {}): WireAttribute {
  const uses = { required: false, optional: true, computed: false, sensitive: false };
  return { name, type: bytes(type), description: "", ...uses, deprecated: false, ...more };
}

const id = attribute("id", '"string"', { optional: false, computed: true });
const size = attribute("size", '"number"');

function block(blockTypes: readonly WireNestedBlock[], ...attributes: WireAttribute[]): WireBlock {
  return { attributes, blockTypes, description: "" };
}

function nested(nesting: WireNestedBlock["nesting"], maxItems = "0"): WireNestedBlock {
  const inner = block([], id, size);
  return { typeName: nesting.toLowerCase(), block: inner, nesting, minItems: "0", maxItems };
}

/** What the provider offers. */
export const NESTED_SCHEMA: WireProviderSchema = {
  provider: { version: "0", block: block([], attribute("strict", '"bool"')) },
  resourceSchemas: {
    nested_thing: {
      version: "3",
      block: block(
        [nested("SINGLE"), nested("GROUP"), nested("LIST", "3"), nested("SET"), nested("MAP")],
        attribute("name", '"string"', { required: true, optional: false }),
        id,
        attribute("secret", '"string"', { sensitive: true }),
        attribute("any", '"dynamic"'),
        attribute("rules", "", {
          nestedType: { attributes: [id, size], nesting: "SET" },
        }),
      ),
    },
  },
  dataSourceSchemas: {},
  functions: {},
  serverCapabilities: { planDestroy: true },
  diagnostics: [],
};
