/** Writes as much as its argument says to stdout and stderr, once its stdin has ended; then says so on stdout. */
import process from "node:process";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { createLogger } from "../../../src/runtime/standard_logger.ts";

const length = Number(process.argv[2]);
const runtime = await loadRuntime();
await new Promise((resolve) => process.stdin.on("end", resolve).resume());
await runtime.writeStdout("o".repeat(length));
runtime.writeStderr("e".repeat(length));
createLogger({ name: "writer" }).warn("logged", { length });
await runtime.writeStdout("\nstill there\n");
