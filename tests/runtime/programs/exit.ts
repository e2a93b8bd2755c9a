/** Ends in the way its argument names; a handler says that it was told. */
import process from "node:process";
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const runtime = await loadRuntime();
runtime.onExit(() => console.log("told"));
const forget = runtime.onExit(() => console.log("told although forgotten"));
forget();
forget();

switch (process.argv[2]) {
  case "exit":
    runtime.exit(7);
    break;
  case "throw":
    throw new Error("thrown on purpose");
  case "throw-later":
    setTimeout(() => {
      throw new Error("thrown on purpose");
    }, 0);
    break;
  case "reject":
    Promise.reject(new Error("thrown on purpose"));
    break;
}
console.log("at the end");
