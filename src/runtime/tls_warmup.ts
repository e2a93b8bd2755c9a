/** What TLS needs before its first connection, done where nobody waits for it. */
import type { Runtime } from "./runtime.ts";

let isDone = false;

/**
 * Has TLS get ready. Deno (2.9) does it by AWS-LC, which collects entropy for 25
 * to 50 ms when it is first asked for a random number: that would be by the
 * first connection, in the program's own thread. This key, which nobody uses, is
 * made by AWS-LC as well, but in another thread. Returns at once, never fails.
 */
export function warmUpTls({ name }: Pick<Runtime, "name">): void {
  if (isDone) return;
  isDone = true;
  // An error shows when TLS is used.
  import("node:tls").catch(() => {});
  if (name !== "deno") return;
  crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"])
    .catch(() => {});
}
