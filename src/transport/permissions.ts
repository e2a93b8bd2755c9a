/** What Deno has to permit for a socket. */
import type { PluginErrorOptions } from "../errors.ts";
import { missingFlags, type Need, requirePermissions } from "../runtime/permissions.ts";
import { isPrivateDirectory, type Runtime } from "../runtime/runtime.ts";
import { type Address, formatAddress } from "../wire/address.ts";
import type { Network } from "./listen.ts";

/** The only host that anything here listens on. */
export const LOOPBACK = "127.0.0.1";

/** What listening on some port takes; `--allow-net=127.0.0.1:0` would not let anybody connect. */
export const TCP_NEEDS: readonly Need[] = [{ kind: "net", host: LOOPBACK }];

/** The same as a flag. */
export const TCP_FLAG: string = `--allow-net=${LOOPBACK}`;

/**
 * What a unix socket takes whose name is not known yet: Deno knows sockets by
 * their whole path, so only the right to all of the network is sure to hold it.
 */
export function unixNeeds(directory: string): readonly Need[] {
  const path = lasting(directory);
  return [
    [{ kind: "net", host: `unix:${directory}/goplugin-XXXXXX/plugin` }, { kind: "net" }],
    [{ kind: "read", path: directory }, { kind: "read", path }],
    [{ kind: "write", path: directory }, { kind: "write", path }],
  ];
}

/**
 * What connecting takes.
 *
 * @param stays Whether the address will be the same the next time. If not, the
 * flags that are named hold for the next one as well.
 */
export function dialNeeds(address: Address, stays: boolean): readonly Need[] {
  if (address.network === "tcp") {
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    return [[{ kind: "net", host: formatAddress(address) }, { kind: "net", host }]];
  }
  const { path } = address;
  const host = `unix:${path}`;
  if (stays) return [{ kind: "net", host }, { kind: "read", path }, { kind: "write", path }];
  const directory = lasting(parentOf(path));
  return [
    [{ kind: "net", host }, { kind: "net" }],
    [{ kind: "read", path }, { kind: "read", path: directory }],
    [{ kind: "write", path }, { kind: "write", path: directory }],
  ];
}

/**
 * Makes sure that an address may be connected to, which is known only now.
 *
 * @param what What cannot be done without: `Cannot …`.
 * @throws {PermissionError} That names the flags.
 */
export function requireDial(
  runtime: Runtime,
  what: string,
  address: Address,
  options: PluginErrorOptions = {},
): void {
  requirePermissions(runtime, what, dialNeeds(address, false), options);
}

/**
 * What is missing to listen, as far as it can be known before there is a path;
 * for `auto` nothing, if one of the two kinds is permitted.
 *
 * @param directory Where a unix socket is to lie, if that is known.
 */
export function listenNeeds(
  runtime: Runtime,
  network: Network,
  directory?: string,
): readonly Need[] {
  if (network === "tcp" || runtime.platform === "windows") return TCP_NEEDS;
  const directories = directory === undefined ? runtime.temporaryDirectories() : [directory];
  const ways = directories.map(unixNeeds);
  const isPermitted = (needs: readonly Need[]) => missingFlags(runtime, needs).length === 0;
  if (ways.some(isPermitted)) return [];
  return network === "unix" ? ways[0] ?? [] : TCP_NEEDS;
}

/** A directory for sockets; or the one that it lies in, if it is made anew each time. */
function lasting(directory: string): string {
  return isPrivateDirectory(directory) ? parentOf(directory) : directory;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
