/** Whether this Deno has a right to unix sockets. */
import { isDeno } from "./program.ts";

/** Why what is said of that right cannot be tried, for `test(name, { skip }, …)`; `false` if it can. */
export const noUnixRight: string | false = findReason();

function findReason(): string | false {
  if (!isDeno) return "Node has no permissions to leave out";
  // Those who may do everything cannot find out by asking.
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major > 2 || minor >= 9
    ? false
    : "This Deno lets a program to unix sockets without --allow-net";
}
