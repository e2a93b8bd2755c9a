/** A provider that runs already, and one that a stranger wants to talk to. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";
import { connect, type ConnectionOptions } from "node:tls";
import { Client, createLogger, type ReattachConfig } from "@x/goplugin";
import { handshake, ProviderService } from "../../examples/terraform-provider/protocol.ts";
import type { Command } from "../helpers/program.ts";
import { isRunning, within } from "../helpers/wait.ts";
import { HEAD, PROVIDER } from "./life.ts";
import { Mismatch, type Report } from "./report.ts";
import { Workspace } from "./workspace.ts";

const CONFIGURATION = `${HEAD}
resource "notes_note" "one" {
  name = "one"
}

output "slug" { value = provider::notes::slug("Hello") }
`;

/** Lets tofu attach to a provider in test mode. `command` is the provider's, without `--debug`. */
export async function checkReattach(
  report: Report,
  { tofu, command }: { readonly tofu: string; readonly command: Command },
): Promise<void> {
  const workspace = new Workspace({ tofu, provider: PROVIDER });
  workspace.write("main.tf", CONFIGURATION);
  const [program, ...args] = command;
  const provider = spawn(program, [...args, "--debug"], {
    cwd: workspace.folder,
    env: { ...process.env, ...workspace.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((done) => provider.once("exit", () => done()));
  try {
    const line = await report.check("plugin --debug prints TF_REATTACH_PROVIDERS", async () => {
      const text = await firstLine(provider);
      const value = text.match(/^TF_REATTACH_PROVIDERS='(.*)'$/)?.[1];
      if (value === undefined) throw new Mismatch("TF_REATTACH_PROVIDERS='…'", text);
      return value;
    });
    const env = { TF_REATTACH_PROVIDERS: line ?? "" };
    for (
      const [text, prints] of [
        ["init", "successfully initialized"],
        ["validate", "Success!"],
        ["apply -auto-approve", 'slug = "hello"'],
        ["plan -detailed-exitcode", "No changes."],
        ["destroy -auto-approve", "1 destroyed"],
      ] as const
    ) {
      await report.check(`tofu ${text}: ${prints}`, async () => {
        await workspace.expect(text.split(" "), { prints: [prints] }, env);
      });
    }
    await report.check("the provider is still there, and ends by SIGTERM", async () => {
      if (!isRunning(provider.pid!)) throw new Mismatch("a running provider", "none");
      provider.kill("SIGTERM");
      await within(ended, "the end of the provider");
      if (provider.exitCode !== 0) {
        throw new Mismatch("exit code 0", `${provider.exitCode ?? provider.signalCode}`);
      }
      await workspace.requireNothingLeft();
    });
  } finally {
    provider.kill("SIGKILL");
    await ended;
    workspace.remove();
  }
}

async function firstLine(provider: ChildProcess): Promise<string> {
  const lines = createInterface(provider.stdout!)[Symbol.asyncIterator]();
  const { value } = await within(lines.next(), "a line of the provider");
  return value ?? "";
}

/** Who is let in by a provider that was started with AutoMTLS: its host alone. */
export async function checkStrangers(report: Report, command: Command): Promise<void> {
  const client = new Client({
    handshake,
    plugins: { provider: ProviderService },
    command,
    logger: createLogger({ level: "error" }),
  });
  try {
    await report.check("a host with the certificate gets the schema", async () => {
      const provider = await client.dispense("provider");
      const { resourceSchemas } = await provider.getProviderSchema({});
      if (!("notes_note" in resourceSchemas)) throw new Mismatch("notes_note", "nothing");
    });
    const config = await client.reattachConfig({ withPrivateKey: true });
    const { certificate: cert, privateKey: key } = config.tls ?? {};
    await report.check("a connection with the host's certificate is served", async () => {
      if (!await isServed(config, { cert, key })) {
        throw new Mismatch("bytes", "a closed connection");
      }
    });
    await report.check("a connection without a certificate is refused", async () => {
      if (await isServed(config, {})) throw new Mismatch("a closed connection", "bytes");
    });
  } finally {
    await client.kill();
  }
}

/** Whether the server of HTTP/2 says its first word. */
async function isServed({ address }: ReattachConfig, tls: ConnectionOptions): Promise<boolean> {
  const socket = connect({
    ...(address.network === "unix"
      ? { path: address.path }
      : { host: address.host, port: address.port }),
    ...tls,
    servername: "localhost",
    ALPNProtocols: ["h2"],
    rejectUnauthorized: false, // Of interest is what the other side checks.
  });
  try {
    return await within(
      new Promise<boolean>((done) => {
        socket.once("data", () => done(true));
        socket.once("error", () => done(false));
        socket.once("close", () => done(false));
      }),
      "an answer to the handshake",
    );
  } finally {
    socket.destroy();
  }
}
