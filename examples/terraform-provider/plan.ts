/** What will become of a resource, as far as that can be told from its attributes. */
import type { Attributes } from "./schema.ts";
import { isSame, Unknown, unknown, type Values } from "./value.ts";

/** The state that a change leads to. */
export interface Plan {
  readonly planned: Values;
  /** The attributes that can only change with the resource: it is deleted, and made anew. */
  readonly replaced: readonly string[];
}

/**
 * Plans a resource that is to be.
 *
 * @param prior What there is; null for a new one.
 * @param proposed What the host makes of configuration and prior state.
 * @param config What the user wrote; attributes left out are null.
 */
export function planChange(
  attributes: Attributes,
  prior: Values | null,
  proposed: Values,
  config: Values,
): Plan {
  const names = Object.keys(attributes);
  const changed = prior === null
    ? names
    : names.filter((name) => !isSame(prior[name] ?? null, proposed[name] ?? null));
  if (changed.length === 0) return { planned: proposed, replaced: [] };
  const planned = { ...proposed };
  for (const [name, { computed, stays }] of Object.entries(attributes)) {
    const isKept = stays === true && (prior?.[name] ?? null) !== null;
    if (computed === true && config[name] === null && !isKept) planned[name] = unknown;
  }
  const replaced = prior === null ? [] : changed.filter((name) => attributes[name]?.replaces);
  return { planned, replaced };
}

/** A planned state when it is made real: what the provider is to find is null. */
export function knownPart(planned: Values): Values {
  return Object.fromEntries(
    Object.entries(planned).map((
      [name, value],
    ) => [name, value instanceof Unknown ? null : value]),
  );
}

/** A state with all the attributes that the host expects, and no others. */
export function complete(attributes: Attributes, state: Values): Values {
  return Object.fromEntries(Object.keys(attributes).map((name) => [name, state[name] ?? null]));
}
