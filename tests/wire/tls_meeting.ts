/** A server and a client that meet by TLS, each with a certificate of its own. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { within } from "../helpers/wait.ts";

/** A certificate with its key. */
interface Shown {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Who shows what, and who trusts whom. */
export interface Meeting {
  readonly server: Shown;
  /** A client without one shows none. */
  readonly client?: Shown | undefined;
  /** The authority that the server wants the client's certificate from. */
  readonly serverTrusts: Shown;
  /** The authority that the client wants the server's certificate from. */
  readonly clientTrusts: Shown;
}

/** How it ended. */
export interface Outcome {
  /** What the client received; the server greets whom it took in. */
  readonly received: string;
  /** What went wrong, as either side saw it. */
  readonly errors: readonly string[];
}

/** Has a client connect to `localhost`; the server demands a certificate. */
export async function meet(meeting: Meeting): Promise<Outcome> {
  const errors: string[] = [];
  const note = (error: Error & { code?: string }) => {
    errors.push(error.code ?? error.message);
  };
  const accepted: TLSSocket[] = [];
  const server = createServer({
    key: meeting.server.privateKey,
    cert: meeting.server.certificate,
    ca: meeting.serverTrusts.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => {
    accepted.push(socket);
    socket.on("error", note);
    socket.end("welcome");
  });
  server.on("tlsClientError", note);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: meeting.clientTrusts.certificate,
    ...(meeting.client && { key: meeting.client.privateKey, cert: meeting.client.certificate }),
  });
  let received = "";
  client.setEncoding("utf8").on("data", (text) => received += text).on("error", note);
  const closed = new Promise((resolve) => client.on("close", resolve));
  try {
    await within(closed, "the end of the connection");
  } finally {
    client.destroy();
    for (const socket of accepted) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
  return { received, errors };
}
