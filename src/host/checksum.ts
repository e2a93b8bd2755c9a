/** The check of a plugin's file right before it is started. */
import { ChecksumError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";

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

/** Digits that are none make a checksum that nothing matches. */
function bytesOf(checksum: Uint8Array | string): Uint8Array {
  if (typeof checksum !== "string") return checksum;
  if (!/^([0-9a-f]{2})*$/i.test(checksum)) {
    throw failure("missing", `no checksum provided: ${JSON.stringify(checksum)} is no hexadecimal`);
  }
  return Uint8Array.from(checksum.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/**
 * The path that a command's program stands for, so that what was checked is
 * what is started.
 *
 * @throws {ChecksumError} If a bare name is in no directory of `PATH`.
 */
export async function locateProgram(
  runtime: Runtime,
  program: string,
  cwd: string | undefined,
): Promise<string> {
  if (/[/\\]/.test(program)) return absolutePath(runtime, program, cwd);
  const isWindows = runtime.platform === "windows";
  const get = await runtime.readEnvironment(["PATH"]);
  const endings = isWindows ? ["", ".exe", ".cmd", ".bat"] : [""];
  for (const directory of (get("PATH") ?? "").split(isWindows ? ";" : ":")) {
    for (const ending of endings) {
      const path = join(directory || ".", program + ending);
      if (await isReadable(runtime, path)) return path;
    }
  }
  throw failure("unreadable", `${JSON.stringify(program)} is in no directory of PATH`);
}

/** A path as a plugin with that working directory would see it. */
export function absolutePath(runtime: Runtime, path: string, cwd: string | undefined): string {
  if (isAbsolute(path)) return path;
  const base = cwd ?? runtime.currentDirectory();
  return isAbsolute(base) ? join(base, path) : join(join(runtime.currentDirectory(), base), path);
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}

function join(directory: string, name: string): string {
  return `${directory.replace(/[/\\]+$/, "")}/${name}`;
}

async function isReadable(runtime: Runtime, path: string): Promise<boolean> {
  try {
    for await (const _ of runtime.readFile(path)) return true;
    return true;
  } catch {
    return false;
  }
}
