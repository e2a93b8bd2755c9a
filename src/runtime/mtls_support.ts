/** Whether this runtime's TLS does what AutoMTLS relies on. */
import { RuntimeVersionError } from "../errors.ts";
import type { Runtime } from "./runtime.ts";

/**
 * The first Deno whose `node:tls` server asks clients for a certificate and
 * refuses those without. Found by running releases on either side: 2.7.12 and
 * 2.7.13 let anybody in. The tests try intruders on the running version.
 */
const FIRST_GOOD_DENO = [2, 7, 14] as const;

/**
 * Refuses AutoMTLS on a runtime that would only seem to do it.
 *
 * @throws {RuntimeVersionError} On Deno before 2.7.14.
 */
export function requireMtlsSupport(runtime: Pick<Runtime, "name" | "version">): void {
  if (runtime.name !== "deno" || isAtLeast(runtime.version, FIRST_GOOD_DENO)) return;
  throw new RuntimeVersionError(
    `Cannot use AutoMTLS: Deno ${runtime.version} does not check client certificates`,
    { hint: `Update Deno to ${FIRST_GOOD_DENO.join(".")} or later: deno upgrade` },
  );
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const found = version.split(/[.+-]/).slice(0, least.length).map(Number);
  for (const [i, wanted] of least.entries()) {
    const part = found[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
