/** Says each signal it was sent; on "once" it stops listening after the first. Ends with its stdin. */
import process from "node:process";
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const [signal, times] = process.argv.slice(2) as ["SIGINT" | "SIGTERM", "once" | "always"];
const runtime = await loadRuntime();
let count = 0;
const stop = runtime.onSignal(signal, () => {
  if (times === "once") stop();
  console.log(`${signal} ${++count}`);
});
process.stdin.resume();
console.log("ready");
