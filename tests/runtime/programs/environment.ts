/** Prints what it reads of the variables its arguments name, or the error, as JSON. */
import process from "node:process";
import { PermissionError } from "../../../src/errors.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";

const names = process.argv.slice(2);
const runtime = await loadRuntime();
try {
  const read = await runtime.readEnvironment(names);
  console.log(JSON.stringify(names.map((name) => read(name) ?? null)));
} catch (error) {
  if (!(error instanceof PermissionError)) throw error;
  const { name, code, message, hint, flags } = error;
  console.log(JSON.stringify({ name, code, message, hint, flags }));
}
