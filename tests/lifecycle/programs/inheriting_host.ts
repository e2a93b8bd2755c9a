/** A host that says nothing about stdin, whose plugin prints what it finds there. */
import { fixtureClient } from "../../helpers/fixture_client.ts";
import { recordLogs } from "../../helpers/logs.ts";

const { logger, entries } = recordLogs();
const client = fixtureClient("reader", { logger });
await client.start();
await client.kill();
console.log(entries.find(({ message }) => message.startsWith("stdin: "))?.message);
