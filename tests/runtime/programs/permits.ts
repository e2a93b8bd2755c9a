/** Prints which of the rights that its argument lists, as JSON, it has; and its temporary directories. */
import process from "node:process";
import { type Access, loadRuntime } from "../../../src/runtime/runtime.ts";

const asked = JSON.parse(process.argv[2] ?? "[]") as Access[];
const runtime = await loadRuntime();
console.log(JSON.stringify({
  granted: asked.map((access) => runtime.permits(access)),
  temporaryDirectories: runtime.temporaryDirectories(),
}));
