/**
 * Drives the provider of examples/terraform-provider by the real OpenTofu, on
 * Deno and on Node, under AutoMTLS and in clear; prints what each command came
 * to. Without Go, and OpenTofu not built before, nothing is run; under CI that
 * is a failure.
 *
 *     deno task test:tofu [--only deno|node]
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { ourProgram, runtimeMissing, RUNTIMES } from "../tests/interop/matrix.ts";
import { checkReattach, checkStrangers } from "../tests/tofu/attach.ts";
import { tofuProgram, tofuProgramMissing, tofuProgramVersion } from "../tests/tofu/build.ts";
import { checkLife, PROVIDER } from "../tests/tofu/life.ts";
import { Report } from "../tests/tofu/report.ts";

/** What the README of the example gives the provider. */
const FLAGS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];

const { values: { only } } = parseArgs({ options: { only: { type: "string" } } });
const missing = await tofuProgramMissing("tofu");
if (missing !== undefined) {
  console.log(`0 passed, 0 failed: skipped, ${missing}`);
  process.exit(0);
}
console.log(`OpenTofu ${tofuProgramVersion("tofu")}, built if it is not there yet`);
const tofu = await tofuProgram("tofu");
const report = new Report();
for (const runtime of RUNTIMES) {
  if (only !== undefined && only !== runtime) continue;
  const lacking = runtimeMissing(runtime);
  if (lacking !== undefined) {
    report.title(`on ${runtime}: skipped, ${lacking}`);
    continue;
  }
  const command = await ourProgram(runtime, "examples/terraform-provider/plugin", FLAGS);
  report.title(`on ${runtime}, under AutoMTLS`);
  await checkLife(report, { tofu, provider: PROVIDER, command });
  report.title(`on ${runtime}, in clear: TF_DISABLE_PLUGIN_TLS=1`);
  const env = { TF_DISABLE_PLUGIN_TLS: "1" };
  await checkLife(report, { tofu, provider: PROVIDER, command, env });
  report.title(`on ${runtime}, running already: TF_REATTACH_PROVIDERS`);
  await checkReattach(report, { tofu, command });
  report.title(`on ${runtime}, asked by strangers`);
  await checkStrangers(report, command);
}
console.log(`\n${report.counts}`);
process.exitCode = report.isGood ? 0 : 1;
