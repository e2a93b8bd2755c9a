/** What the benchmark's host and plugin share. */
import process from "node:process";
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./bench_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "BENCH_PLUGIN_COOKIE",
  magicCookieValue: "bench",
};

export interface Blob {
  data: Uint8Array;
}

export interface Bench {
  echo(request: Blob): Promise<Blob>;
  put(request: { key: string; value: Uint8Array }): Promise<Record<never, never>>;
  get(request: { key: string }): Promise<Blob>;
  download(request: { chunks: number; size: number }): AsyncIterable<Blob>;
  upload(requests: AsyncIterable<Blob>): Promise<{ chunks: number; bytes: string }>;
  chat(requests: AsyncIterable<Blob>): AsyncIterable<Blob>;
  borrow(request: { brokerId: number; a: string; b: string }): Promise<{ sum: string }>;
  lend(request: Record<never, never>): Promise<{ brokerId: number }>;
  unlend(request: { brokerId: number }): Promise<Record<never, never>>;
  print(request: { out: string; err: string }): Promise<Record<never, never>>;
  fail(request: { code: number; message: string }): Promise<Record<never, never>>;
  sleep(request: { ms: number }): Promise<Record<never, never>>;
  info(request: Record<never, never>): Promise<{ pid: string; runtime: string; tls: boolean }>;
}

export interface Adder {
  add(request: { a: string; b: string }): Promise<{ sum: string }>;
}

export const BenchService = service<Bench>(descriptor, "bench.v1.Bench");
export const AdderService = service<Adder>(descriptor, "bench.v1.Adder");

/** The engine to take: `BENCH_ENGINE=grpc-js` for the reference. */
export function engineOf(): { engine?: "grpc-js" } {
  return process.env["BENCH_ENGINE"] === "grpc-js" ? { engine: "grpc-js" } : {};
}
