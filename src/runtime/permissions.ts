/** Deno's flags that are missing, found without asking anybody. Node grants everything: none are. */
import { PermissionError, type PluginErrorOptions } from "../errors.ts";
import type { Access, Runtime } from "./runtime.ts";

/**
 * A right that is needed; or one, and the wider right to name where it is
 * missing, because the path of a socket is another one next time.
 */
export type Need = Access | readonly [needed: Access, named: Access];

/**
 * The flags that would grant what is missing, one for each kind of right, as
 * they stand on a command line.
 */
export function missingFlags(
  runtime: Pick<Runtime, "permits">,
  needs: readonly Need[],
): readonly string[] {
  const scopes = new Map<Access["kind"], Set<string>>();
  for (const need of needs) {
    const [needed, named] = isPair(need) ? need : [need, need];
    if (runtime.permits(needed)) continue;
    const ofKind = scopes.get(named.kind) ?? new Set();
    scopes.set(named.kind, ofKind.add(scopeOf(named)));
  }
  return [...scopes].map(([kind, found]) =>
    found.has("") ? `--allow-${kind}` : `--allow-${kind}=${[...found].join(",")}`
  );
}

/**
 * Refuses to begin something that would fail, or ask, in the middle.
 *
 * @param what What cannot be done without: `Cannot …`.
 * @throws {PermissionError} That names every flag that is missing.
 */
export function requirePermissions(
  runtime: Pick<Runtime, "permits">,
  what: string,
  needs: readonly Need[],
  options: PluginErrorOptions = {},
): void {
  const flags = missingFlags(runtime, needs);
  if (flags.length > 0) throw new PermissionError(what, flags, options);
}

function isPair(need: Need): need is readonly [Access, Access] {
  return Array.isArray(need);
}

/** What stands behind the `=` of a flag; nothing, if the right has no bounds. */
function scopeOf(access: Access): string {
  switch (access.kind) {
    case "env":
      return access.name ?? "";
    case "run":
      return withoutComma(access.program ?? "");
    case "net":
      return access.host ?? "";
    default:
      return withoutComma(access.path ?? "");
  }
}

/** Commas part the values of a flag, and cannot be escaped: a path with one is covered by a directory. */
function withoutComma(path: string): string {
  const comma = path.indexOf(",");
  return comma < 0 ? path : path.slice(0, Math.max(0, path.lastIndexOf("/", comma)));
}
