/** grpc-go's interop programs and ours, started and ended. */
import { strictEqual } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createCertificate } from "../../../mod.ts";
import { goProgram } from "../../helpers/go.ts";
import { run } from "../../helpers/run.ts";
import { within } from "../../helpers/wait.ts";
import { ourProgram, type RuntimeName } from "../matrix.ts";
import { TYPED_CASES } from "./typed_cases.ts";

/** The cases; each half knows them by these names. */
export const CASES: readonly string[] = Object.keys(TYPED_CASES);

/** Files with an authority, and with a certificate for `localhost` under it. */
export interface TlsFiles extends Disposable {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes certificates as files. */
export async function makeTlsFiles(): Promise<TlsFiles> {
  const issuer = await createCertificate({ commonName: "Interop", isAuthority: true });
  const { certificate, privateKey } = await createCertificate({ issuer });
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  return {
    authority: write("authority.pem", issuer.certificate),
    certificate: write("certificate.pem", certificate),
    key: write("key.pem", privateKey),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  #printed: string;

  private constructor(child: ChildProcess, port: number, printed: string) {
    this.#child = child;
    this.port = port;
    this.#printed = printed;
    child.stdout?.on("data", (text) => this.#printed += text);
  }

  /** Starts a program that prints its port. */
  static async start(
    [program, ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const child = spawn(program as string, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.setEncoding("utf8");
    const line = new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${program} ended`)));
      child.stdout.once("data", resolve);
    });
    const text = await within(line, "the port").catch((error) => {
      child.kill("SIGKILL");
      throw error;
    });
    return new ServerProcess(child, Number.parseInt(text), text);
  }

  /** Starts grpc-go's server, which has to be told its port. */
  static async startGo(tls?: TlsFiles): Promise<ServerProcess> {
    const port = await freePort();
    const child = spawn(await goProgram("grpc-server"), [
      `--port=${port}`,
      ...(tls
        ? ["--use_tls", `--tls_cert_file=${tls.certificate}`, `--tls_key_file=${tls.key}`]
        : []),
    ], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (text) => log += text);
    for (let tries = 0; !await answers(port); tries++) {
      if (tries < 500 && child.exitCode === null) continue;
      child.kill("SIGKILL");
      throw new Error(`grpc-go's server does not listen: ${log}`);
    }
    return new ServerProcess(child, port, "");
  }

  /** Waits until it has printed a line. */
  async says(line: string): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = () => this.#printed.split("\n").includes(line) && resolve();
      this.#child.stdout?.on("data", look);
      look();
    });
    await within(said, line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Whether somebody listens there; asks once, and waits a moment if not. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => setTimeout(() => resolve(false), 20));
  });
}

/** Our server on a runtime, over sockets or over streams that are none. */
export async function startOurs(
  runtime: RuntimeName,
  transport: string,
  tls?: TlsFiles,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const program = await ourProgram(runtime, "tests/interop/engine/server");
  const files = tls === undefined ? [] : [tls.certificate, tls.key];
  return await ServerProcess.start([...program, transport, ...files], env);
}

/** Runs all cases with a client of ours; gives those that failed, with the reason. */
export async function runOurCases(
  runtime: RuntimeName,
  kind: string,
  transport: string,
  port: number,
  tls?: TlsFiles,
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await run([
    ...await ourProgram(runtime, "tests/interop/engine/client"),
    kind,
    transport,
    String(port),
    ...(tls ? [tls.authority] : []),
  ]);
  const results = stdout.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly name: string; readonly fault: string });
  strictEqual(code, 0, stderr);
  strictEqual(results.length, CASES.length, stdout + stderr);
  return Object.fromEntries(
    results.filter(({ fault }) => fault !== "").map(({ name, fault }) => [name, fault]),
  );
}

/** Runs all cases with grpc-go's client, a process each; gives those that failed, with the reason. */
export async function runGoCases(port: number, tls?: TlsFiles): Promise<Record<string, string>> {
  const program = await goProgram("grpc-client");
  const failed: Record<string, string> = {};
  for (const name of CASES) {
    const { code, stderr } = await run([
      program,
      "--server_host=127.0.0.1",
      `--server_port=${port}`,
      `--test_case=${name}`,
      "--soak_iterations=200",
      "--soak_overall_timeout_seconds=30",
      ...(tls
        ? [
          "--use_tls",
          "--use_test_ca",
          `--ca_file=${tls.authority}`,
          "--server_host_override=localhost",
        ]
        : []),
    ]);
    if (code !== 0) failed[name] = stderr;
  }
  return failed;
}
