/** Starts the program its argument names; prints the exit code, or the error, as JSON. */
import process from "node:process";
import { PermissionError } from "../../../src/errors.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const [program = ""] = process.argv.slice(2);
const runtime = await loadRuntime();
try {
  const child = await runtime.spawn({
    program,
    args: ["-c", 'printf "%s" "${HIDDEN-absent}"'],
    env: {},
    inheritEnv: true,
    withoutEnv: ["HIDDEN"],
    stdin: "null",
  });
  const hidden = await new Response(child.stdout as ReadableStream).text();
  console.log(JSON.stringify({ hidden, ...await child.exited }));
} catch (error) {
  if (!(error instanceof PermissionError)) throw error;
  const { name, code, message, flags } = error;
  console.log(JSON.stringify({ name, code, message, flags }));
}
