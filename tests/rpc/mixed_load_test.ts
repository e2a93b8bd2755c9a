import { ok } from "node:assert/strict";
import { test } from "node:test";
import { TRANSPORTS } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { CallsService, openCalls } from "./calls.ts";
import { mirror, mixedLoad } from "./mixed_load.ts";

for (const transport of TRANSPORTS) {
  test(`calls of all kinds at once bring what they should on ${transport.title}`, async () => {
    await using pair = await openCalls(mirror, transport);
    const outcomes = await mixedLoad(pair.calls);
    for (const [status, count] of Object.entries(outcomes)) ok(count > 0, `none with ${status}`);
    // The server has heard of the end of each.
    await within(pair.served.server.idle(CallsService.name), "the end of the last call");
  });
}
