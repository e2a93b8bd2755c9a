/** What a host proposes to a provider that is to plan a change. */
import type { Attribute, Block, NestedBlock } from "./schema.ts";
import { Dynamic, isEqual, mapObject, type ObjectValue, UNKNOWN, type Value } from "./values.ts";

/**
 * The state that a resource would have if the provider changed nothing about
 * what it computes: the configuration, and where that says nothing about a
 * computed attribute, what was there before. For a new resource that is null;
 * the provider turns it into a value, or into one that is not known yet.
 *
 * Source: the rules by which Terraform merges prior state and configuration
 * (`internal/plans/objchange` there).
 */
export function proposeState(
  block: Block,
  prior: ObjectValue | null,
  config: ObjectValue,
): ObjectValue {
  return {
    ...mapObject(
      block.attributes,
      (attribute, name) => proposeAttribute(attribute, prior?.[name] ?? null, config[name] ?? null),
    ),
    ...mapObject(
      block.blocks,
      (nested, name) => proposeNested(nested, prior?.[name] ?? null, config[name] ?? null),
    ),
  };
}

function proposeAttribute(attribute: Attribute, prior: Value, config: Value): Value {
  if (config === null) return attribute.isComputed ? prior : null;
  return attribute.nested === undefined ? config : proposeNested(attribute.nested, prior, config);
}

/** Blocks inside one another: each is matched with the one that it was before. */
function proposeNested(
  { nesting, block }: Pick<NestedBlock, "nesting" | "block">,
  prior: Value,
  config: Value,
): Value {
  if (config === null || config === UNKNOWN) return config;
  const propose = (before: Value | undefined, now: Value): Value =>
    isObjectValue(now) ? proposeState(block, isObjectValue(before) ? before : null, now) : now;
  switch (nesting) {
    case "single":
    case "group":
      return propose(prior, config);
    case "map": {
      const before = isObjectValue(prior) ? prior : {};
      return mapObject(config as ObjectValue, (now, key) => propose(before[key], now));
    }
    case "list": {
      const before = Array.isArray(prior) ? prior : [];
      return (config as Value[]).map((now, i) => propose(before[i], now));
    }
    case "set": {
      // No position says which was which: the one that could have come from this configuration.
      const before: Value[] = Array.isArray(prior) ? [...prior] : [];
      return (config as Value[]).map((now) => {
        const i = before.findIndex((each) => couldComeFrom(block, each, now));
        return propose(i < 0 ? undefined : before.splice(i, 1)[0], now);
      });
    }
  }
}

/** Whether a block differs from a configuration only in what the provider computed. */
function couldComeFrom(block: Block, prior: Value, config: Value): boolean {
  if (!isObjectValue(prior) || !isObjectValue(config)) return false;
  const proposed = proposeState(block, prior, config);
  return isEqual(block.type, proposed, prior);
}

function isObjectValue(value: Value | undefined): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Dynamic);
}
