/** Clients of the plugin that serves and dials by the broker. */
import { Client, type ClientOptions } from "@x/goplugin";
import { ExchangeService } from "../fixtures/exchange.ts";
import { handshake } from "../fixtures/fixture.ts";
import { recordLogs } from "./logs.ts";
import { fixture } from "./program.ts";

/** A client of the exchange plugin, on a kind of network. */
export function exchangeClient(
  network = "auto",
  overrides: Pick<ClientOptions, "autoMtls" | "engine" | "env" | "grpcBrokerMultiplex"> = {},
) {
  return new Client({
    handshake,
    plugins: { exchange: ExchangeService },
    command: fixture("exchange", network),
    logger: recordLogs().logger,
    ...overrides,
  });
}
