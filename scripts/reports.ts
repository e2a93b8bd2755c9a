/** Where a run of the tests leaves its report. */
import { fileURLToPath } from "node:url";

/** The path of the report that the tests on a runtime write. */
export function reportPath(runtime: "deno" | "node"): string {
  return fileURLToPath(new URL(`../.cache/reports/${runtime}.xml`, import.meta.url));
}
