/** The calls of the benchmark without a plugin layer: what a way of carrying them has to offer. */
import type { CertificateAndKey } from "@x/goplugin";
import type { Calls } from "../measures.ts";

/** PEM texts of one side, and the certificate that it trusts. */
export interface BareTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** An open connection. */
export interface BareConnection {
  readonly calls: Calls;
  close(): void;
}

/** A way of carrying calls over a unix socket. */
export interface Bare {
  serve(path: string, tls: BareTls | undefined): Promise<void>;
  connect(path: string, tls: BareTls | undefined): BareConnection | Promise<BareConnection>;
}

/** The one that `BENCH_ENGINE` names. */
export async function chooseBare(name: string | undefined): Promise<Bare> {
  if (name === "own") return (await import("./engine.ts")).bareEngine;
  if (name === "http2") return (await import("./http2.ts")).bareHttp2;
  return (await import("./grpc_js.ts")).bareGrpcJs;
}

/** A certificate for one side; nothing of this module is loaded without TLS. */
export async function newCertificate(): Promise<CertificateAndKey> {
  const { createCertificate } = await import("@x/goplugin");
  return createCertificate();
}
