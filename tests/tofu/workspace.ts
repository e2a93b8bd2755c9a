/** A folder of a user's: a configuration, and a provider that tofu starts. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLong, type RunResult } from "../helpers/run.ts";
import { isRunning, until } from "../helpers/wait.ts";
import { shellWords } from "../interop/matrix.ts";
import { Mismatch } from "./report.ts";

/** More than any command takes, also while others use the machine. */
const COMMAND_LIMIT_MS = 180_000;

/** How a workspace is set up. */
export interface WorkspaceOptions {
  /** The path of tofu. */
  readonly tofu: string;
  /** The last part of the provider's address, `example.com/goplugin/NAME`. */
  readonly provider: string;
  /** The command that starts the provider; without it tofu is told of none. */
  readonly command?: readonly string[];
  /** Variables for each command. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command must come to. */
export interface Expected {
  /** The exit code. @default {0} */
  readonly code?: number;
  /** What it must print, on stdout or stderr. Line breaks and the bars of a message are spaces. */
  readonly prints?: readonly string[];
  /** What it must not print. */
  readonly lacks?: readonly string[];
}

/** A user's folder. */
export class Workspace {
  /** The folder. */
  readonly folder: string;
  readonly #tofu: string;
  /** The variables for every command, beside those of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly #pids: string;

  /** Makes the folder, with what tofu has to know of the provider. */
  constructor({ tofu, provider, command, env }: WorkspaceOptions) {
    this.folder = mkdtempSync(join(tmpdir(), "tofu-"));
    this.#tofu = tofu;
    this.#pids = join(this.folder, "pids");
    const bin = join(this.folder, "bin");
    const temporary = join(this.folder, "tmp");
    for (const path of [bin, temporary]) mkdirSync(path);
    this.write("pids", "");
    const overrides = `dev_overrides { "example.com/goplugin/${provider}" = "${bin}" }`;
    this.write(
      "tofu.rc",
      command === undefined ? "" : `provider_installation {\n  ${overrides}\n  direct {}\n}\n`,
    );
    if (command !== undefined) {
      const script = `#!/bin/sh\necho $$ >> '${this.#pids}'\nexec ${shellWords(command)}\n`;
      writeFileSync(join(bin, `terraform-provider-${provider}`), script, { mode: 0o755 });
    }
    this.env = {
      TF_CLI_CONFIG_FILE: join(this.folder, "tofu.rc"),
      TMPDIR: temporary,
      CHECKPOINT_DISABLE: "1",
      NO_COLOR: "1",
      TF_CLI_ARGS: "-no-color",
      ...env,
    };
  }

  /** Writes a file of the user's. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Reads one. */
  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** Runs tofu with these variables beside those of the folder. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunResult> {
    const options = { cwd: this.folder, env: { ...this.env, ...env } };
    return runLong([this.#tofu, ...args], options, COMMAND_LIMIT_MS);
  }

  /**
   * Runs tofu and looks at what it did.
   *
   * @returns What it printed on stdout.
   * @throws {Mismatch} If it did something else.
   */
  async expect(
    args: readonly string[],
    { code = 0, prints = [], lacks = [] }: Expected,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const result = await this.run(args, env);
    const printed = `${result.stdout}\n${result.stderr}`;
    if (result.code !== code) throw new Mismatch(`exit code ${code}, not ${result.code}`, printed);
    const plain = printed.replaceAll(/[\s│╷╵]+/g, " ");
    for (const text of prints) {
      if (!plain.includes(text)) throw new Mismatch(JSON.stringify(text), printed);
    }
    for (const text of lacks) {
      if (plain.includes(text)) throw new Mismatch(`no ${JSON.stringify(text)}`, printed);
    }
    return result.stdout;
  }

  /** How many processes of the provider were started. */
  get started(): number {
    return this.#startedPids().length;
  }

  /**
   * Waits until no process of the provider runs any more.
   *
   * @throws {Mismatch} If there are temporary files, sockets among them.
   */
  async requireNothingLeft(): Promise<void> {
    const running = () => this.#startedPids().filter(isRunning);
    await until(() => running().length === 0, "the end of every process of the provider");
    const left = readdirSync(join(this.folder, "tmp"), { recursive: true });
    if (left.length > 0) throw new Mismatch("no temporary files", left.join("\n"));
  }

  #startedPids(): string[] {
    return this.read("pids").split("\n").filter((pid) => pid !== "");
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
