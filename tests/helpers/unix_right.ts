/** Whether this Deno has a right to unix sockets. */
import { isDeno } from "./program.ts";

/** Why what is said of that right cannot be tried, for `test(name, { skip }, …)`; `false` if it can. */
export const noUnixRight: string | false = findReason();

function findReason(): string | false {
  if (!isDeno) return "Node has no permissions to leave out";
  try {
    Deno.permissions.querySync({ name: "net", host: "unix:/tmp/socket" });
    return false;
  } catch {
    return "This Deno lets a program to unix sockets without --allow-net";
  }
}
