/** Ends in the way its argument names; a handler says that it was told. */
import process from "node:process";
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const runtime = await loadRuntime();
runtime.onExit(() => console.log("told"));
const forget = runtime.onExit(() => console.log("told although forgotten"));
forget();
forget();

function sayExit(): void {
  console.log("exit event");
}

switch (process.argv[2]) {
  case "light":
    process.exitCode = 4;
    process.on("exit", sayExit);
    runtime.endLightly();
    break;
  case "light-first":
    process.exitCode = 4;
    runtime.endLightly();
    process.on("exit", sayExit);
    break;
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
