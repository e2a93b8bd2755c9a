/** The check of a plugin's file right before it is started. */
import { ChecksumError, PermissionError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { absolutePath, joinPath } from "./path.ts";

/**
 * The file that is to be started, by its checksum.
 *
 * Source: go-plugin `SecureConfig`.
 */
export interface SecureConfig {
  /** The checksum: its bytes, or their hexadecimal digits. */
  readonly checksum: Uint8Array | string;
  /** The hash function, by the name that OpenSSL has for it: `"sha256"`, `"sha512"`, … */
  readonly algorithm: string;
  /**
   * The file that is checked: the script, where the command is an interpreter.
   * The command's own program if left out.
   */
  readonly file?: string;
}

/**
 * Checks a file. The file can still be changed between this and its start, by
 * whoever may write to it.
 *
 * Needs `--allow-read` for the file.
 *
 * @throws {ChecksumError} If there is no checksum, no such hash function, the
 * file cannot be read, or the checksums differ.
 * @throws {PermissionError} If `--allow-read` is missing.
 *
 * Source: go-plugin `client.go`, `SecureConfig.Check`, and its messages.
 */
export async function verifyChecksum(
  runtime: Runtime,
  path: string,
  secure: SecureConfig,
): Promise<void> {
  const expected = bytesOf(secure.checksum);
  if (expected.length === 0) throw failure("missing", "no checksum provided");
  const { createHash, timingSafeEqual } = await import("node:crypto");
  let hash: ReturnType<typeof createHash>;
  try {
    hash = createHash(secure.algorithm);
  } catch (cause) {
    const found = secure.algorithm ? `${JSON.stringify(secure.algorithm)} is not known` : "";
    throw failure("algorithm", `no hash implementation provided${found && `: ${found}`}`, cause);
  }
  if (!runtime.permits({ kind: "read", path })) throw withheld(path, `--allow-read=${path}`);
  try {
    for await (const bytes of runtime.readFile(path)) hash.update(bytes);
  } catch (cause) {
    throw failure("unreadable", (cause as Error).message, cause);
  }
  const actual = hash.digest();
  const isEqual = actual.length === expected.length && timingSafeEqual(actual, expected);
  if (!isEqual) {
    throw failure("mismatch", `checksums did not match: ${path} has ${actual.toString("hex")}`);
  }
}

function failure(
  fault: ConstructorParameters<typeof ChecksumError>[0],
  what: string,
  cause?: unknown,
) {
  return new ChecksumError(fault, `Cannot start plugin: error verifying checksum: ${what}`, {
    ...(cause !== undefined && { cause }),
  });
}

function withheld(what: string, flag: string): PermissionError {
  return new PermissionError(
    `Cannot start plugin: error verifying checksum: no permission to read ${what}`,
    [flag],
  );
}

/** Text that is no pairs of hexadecimal digits is no checksum. */
function bytesOf(checksum: Uint8Array | string): Uint8Array {
  if (typeof checksum !== "string") return checksum;
  if (!/^([0-9a-f]{2})*$/i.test(checksum)) {
    throw failure("missing", `no checksum provided: ${JSON.stringify(checksum)} is no hexadecimal`);
  }
  return Uint8Array.from(checksum.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/** Where a program is looked for. */
export interface Whereabouts {
  /** The directory that the program will run in. */
  readonly cwd?: string | undefined;
  /** The variables it is given: `PATH` counts before this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The path that a command's program stands for, so that what was checked is
 * what is started.
 *
 * @throws {ChecksumError} If a bare name is in no directory of `PATH`.
 * @throws {PermissionError} If `--allow-read` is missing to find it.
 */
export async function locateProgram(
  runtime: Runtime,
  program: string,
  { cwd, env }: Whereabouts = {},
): Promise<string> {
  if (/[/\\]/.test(program)) return absolutePath(runtime, program, cwd);
  const isWindows = runtime.platform === "windows";
  const searched = env?.PATH ?? (await runtime.readEnvironment(["PATH"]))("PATH") ?? "";
  const endings = isWindows ? ["", ".exe", ".cmd", ".bat"] : [""];
  let isWithheld = false;
  for (const directory of searched.split(isWindows ? ";" : ":")) {
    for (const ending of endings) {
      const path = absolutePath(runtime, joinPath(directory || ".", program + ending), cwd);
      if (!runtime.permits({ kind: "read", path })) isWithheld = true;
      else if (await isReadable(runtime, path)) return path;
    }
  }
  if (isWithheld) throw withheld(`${JSON.stringify(program)} in PATH`, "--allow-read");
  throw failure("unreadable", `${JSON.stringify(program)} is in no directory of PATH`);
}

async function isReadable(runtime: Runtime, path: string): Promise<boolean> {
  try {
    for await (const _ of runtime.readFile(path)) return true;
    return true;
  } catch {
    return false;
  }
}
