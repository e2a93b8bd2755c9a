/** Starts `cat` on its own stdin and says what that read. */
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const runtime = await loadRuntime();
const cat = await runtime.spawn({
  program: "cat",
  args: [],
  env: {},
  inheritEnv: true,
  withoutEnv: [],
  stdin: "inherit",
});
console.log(`cat read: ${await new Response(cat.stdout as ReadableStream).text()}`);
