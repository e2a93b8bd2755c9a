/** Our engine against grpc-go, by gRPC's own interop cases. */
import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing } from "../helpers/go.ts";
import {
  makeTlsFiles,
  runGoCases,
  runOurCases,
  ServerProcess,
  startOurs,
  type TlsFiles,
} from "./engine/programs.ts";
import { runtimeMissing, RUNTIMES } from "./matrix.ts";

/** What the two ends are connected by. */
const CONNECTIONS = [
  { title: "over a socket", transport: "socket", isSecure: false },
  { title: "over TLS", transport: "socket", isSecure: true },
  { title: "over a bare Duplex", transport: "duplex", isSecure: false },
  { title: "over TLS on a bare Duplex", transport: "duplex", isSecure: true },
] as const;

/** Runs with certificates, where they are wanted. */
async function withTls(
  isSecure: boolean,
  use: (tls: TlsFiles | undefined) => Promise<void>,
): Promise<void> {
  using tls = isSecure ? await makeTlsFiles() : undefined;
  await use(tls);
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const { title, transport, isSecure } of CONNECTIONS) {
    for (const [kind, client] of [["typed", "our client"], ["generated", "grpc-js's client"]]) {
      test(
        `${client} on our channel × grpc-go's server ${title}, on ${runtime}`,
        { skip },
        () =>
          withTls(isSecure, async (tls) => {
            await using server = await ServerProcess.startGo(tls);
            deepStrictEqual(await runOurCases(runtime, kind!, transport, server.port, tls), {});
          }),
      );
    }

    test(
      `grpc-go's client × our server ${title}, on ${runtime}`,
      { skip },
      () =>
        withTls(isSecure, async (tls) => {
          await using server = await startOurs(runtime, transport, tls);
          deepStrictEqual(await runGoCases(server.port, tls), {});
        }),
    );
  }
}
