/**
 * Agreement on the version of the application's protocol. `T` is a plugin set;
 * nothing here looks into it.
 */
import { VersionMismatchError } from "../errors.ts";
import { parseGoInteger } from "./go_syntax.ts";

/** What one side offers, before and after `plugins` is placed among the versions. */
export interface VersionedOffer<T> {
  /** The version of `plugins`. */
  readonly protocolVersion: number;
  /** The plugin set of `protocolVersion`. */
  readonly plugins?: T | undefined;
  /** Plugin sets by their version. */
  readonly versionedPlugins?: Readonly<Record<number, T>> | undefined;
}

/**
 * The sets a host offers: `plugins` does not replace a set that
 * `versionedPlugins` already has at `protocolVersion`.
 *
 * Source: go-plugin `client.go`, `Client.Start`.
 */
export function hostOffer<T>(offer: VersionedOffer<T>): ReadonlyMap<number, T> {
  const sets = numbered(offer.versionedPlugins);
  if (offer.plugins !== undefined && !sets.has(offer.protocolVersion)) {
    sets.set(offer.protocolVersion, offer.plugins);
  }
  return sets;
}

/**
 * The sets a plugin offers: `plugins` replaces what `versionedPlugins` has at
 * `protocolVersion`. The two sides differ in this, as they do in go-plugin.
 *
 * Source: go-plugin `server.go`, `protocolVersion`.
 */
export function pluginOffer<T>(
  offer: VersionedOffer<T>,
): ReadonlyMap<number, T> {
  const sets = numbered(offer.versionedPlugins);
  if (offer.plugins !== undefined) {
    sets.set(offer.protocolVersion, offer.plugins);
  }
  return sets;
}

function numbered<T>(
  sets: Readonly<Record<number, T>> | undefined,
): Map<number, T> {
  return new Map(
    Object.entries(sets ?? {}).map(([version, set]) => {
      const number = parseGoInteger(version);
      if (number === undefined) {
        throw new TypeError(
          `versionedPlugins: ${JSON.stringify(version)} is not a version number`,
        );
      }
      return [number, set];
    }),
  );
}

/** The value of `PLUGIN_PROTOCOL_VERSIONS`, in ascending order. */
export function formatVersions(versions: Iterable<number>): string {
  return [...versions].sort((a, b) => a - b).join(",");
}

/**
 * Reads `PLUGIN_PROTOCOL_VERSIONS`. Entries that are no number are left out
 * and returned beside, so that they can be logged.
 */
export function parseVersions(
  text: string,
): {
  readonly versions: readonly number[];
  readonly invalid: readonly string[];
} {
  const versions: number[] = [];
  const invalid: string[] = [];
  for (const entry of text === "" ? [] : text.split(",")) {
    const version = parseGoInteger(entry);
    if (version === undefined) invalid.push(entry);
    else versions.push(version);
  }
  return { versions, invalid };
}

/**
 * The version a plugin announces: the highest that both have, else its own
 * lowest (the host then reports the mismatch), else `protocolVersion` if the
 * plugin offers nothing at all.
 */
export function chooseVersion(
  offered: Iterable<number>,
  wanted: readonly number[],
  protocolVersion: number,
): number {
  const ascending = [...offered].sort((a, b) => a - b);
  return ascending.findLast((version) => wanted.includes(version)) ??
    ascending[0] ?? protocolVersion;
}

/**
 * The set a host uses with a plugin that announced `version`.
 *
 * @throws {VersionMismatchError} If the host did not offer that version.
 */
export function acceptVersion<T>(
  version: number,
  offered: ReadonlyMap<number, T>,
): T {
  const set = offered.get(version);
  if (set === undefined) {
    throw new VersionMismatchError(
      version,
      [...offered.keys()].sort((a, b) => a - b),
    );
  }
  return set;
}
