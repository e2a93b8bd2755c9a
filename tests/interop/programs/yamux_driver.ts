/**
 * Runs the checks of `yamux_checks.ts` and prints a line of JSON for each.
 *
 *     yamux_driver PROGRAM client|server unix|tcp [CHECK]
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import process from "node:process";
import type { YamuxRole } from "../../../src/mux/stream_ids.ts";
import { until } from "../../helpers/wait.ts";
import { CHECKS } from "./yamux_checks.ts";
import { GoPeer } from "./yamux_go.ts";

/** A window update of ours and Go's FIN have crossed; between two Go programs that happens as well. */
const CROSSED = /\[WARN\] yamux: frame for missing stream: Vsn:0 Type:1 Flags:0 /;

const [program, role, network, only] = process.argv.slice(2) as [string, YamuxRole, string, string];
for (const [name, check] of Object.entries(CHECKS)) {
  if (only !== undefined && only !== name) continue;
  let fault = "";
  try {
    await GoPeer.use({ program, role, network, ...check }, async (peer) => {
      await check.run(peer).catch((error) => {
        throw new Error(`${error.stack}\nGo said: ${[...peer.lines, ...peer.log].join("\n")}`);
      });
      if (check.isRough) return;
      await until(() => peer.session.streamCount === 0, "no streams");
      strictEqual(peer.session.error, undefined);
      strictEqual(await peer.end(), 0);
      deepStrictEqual(peer.log.filter((line) => !CROSSED.test(line)), []);
    });
  } catch (error) {
    fault = (error as Error).stack ?? String(error);
  }
  console.log(JSON.stringify({ name, fault }));
}
