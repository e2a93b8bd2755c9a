import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ChecksumError, PermissionError } from "../../src/errors.ts";
import { locateProgram, type SecureConfig, verifyChecksum } from "../../src/host/checksum.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { fakeRuntime } from "../transport/fake_runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "checksum-"));
after(() => rmSync(folder, { recursive: true }));

const TEXT = "#!/bin/sh\necho plugin\n";
const file = join(folder, "plugin");
writeFileSync(file, TEXT, { mode: 0o755 });

/** A file's checksum in hexadecimal digits. */
function digits(algorithm: string, text: string | Uint8Array = TEXT): string {
  return createHash(algorithm).update(text).digest("hex");
}

/** Checks the file of this test. */
async function verify(secure: SecureConfig, path = file): Promise<void> {
  await verifyChecksum(await loadRuntime(), path, secure);
}

/** Checks something that must be refused; gives the error. */
async function refused(secure: SecureConfig, path = file): Promise<ChecksumError> {
  const error = await verify(secure, path).then(() => undefined, (error) => error);
  ok(error instanceof ChecksumError, String(error));
  match(error.message, /^Cannot start plugin: error verifying checksum: /);
  strictEqual(error.code, `checksum-${error.fault}`);
  return error;
}

for (const algorithm of ["sha256", "sha384", "sha512", "SHA256", "sha512-256", "sha3-256"]) {
  test(`verifyChecksum() takes ${algorithm}, as digits of either case and as bytes`, async () => {
    const hex = digits(algorithm);
    await verify({ checksum: hex, algorithm });
    await verify({ checksum: hex.toUpperCase(), algorithm });
    await verify({ checksum: Uint8Array.from(Buffer.from(hex, "hex")), algorithm });
  });

  test(`verifyChecksum() refuses another checksum of ${algorithm}`, async () => {
    const bytes = Uint8Array.from(Buffer.from(digits(algorithm), "hex"));
    const error = await refused({ checksum: digits(algorithm, "other"), algorithm });
    strictEqual(error.fault, "mismatch");
    ok(error.message.endsWith(`checksums did not match: ${file} has ${digits(algorithm)}`));
    // One bit is enough, and so is a byte less or more.
    const changed = bytes.slice();
    changed[0] = (changed[0] ?? 0) ^ 1;
    for (const checksum of [changed, bytes.subarray(1), Uint8Array.of(...bytes, 0)]) {
      strictEqual((await refused({ checksum, algorithm })).fault, "mismatch");
    }
  });
}

test("verifyChecksum() refuses a checksum of another algorithm", async () => {
  const error = await refused({ checksum: digits("sha256"), algorithm: "sha512" });
  strictEqual(error.fault, "mismatch");
});

for (const algorithm of ["", "md17", "sha-1024", "__proto__"]) {
  test(`verifyChecksum() knows no algorithm ${JSON.stringify(algorithm)}`, async () => {
    const error = await refused({ checksum: digits("sha256"), algorithm });
    strictEqual(error.fault, "algorithm");
    match(error.message, /no hash implementation provided/);
    if (algorithm !== "") match(error.message, new RegExp(`: "${algorithm}" is not known$`));
  });
}

for (
  const [what, checksum] of [
    ["no digits", ""],
    ["no bytes", new Uint8Array()],
    ["an odd number of digits", digits("sha256").slice(1)],
    ["a letter that is no digit", `${digits("sha256").slice(1)}g`],
    ["blanks around it", ` ${digits("sha256")}\n`],
    ["the form of a checksum file", `${digits("sha256")}  plugin`],
  ] as const
) {
  test(`verifyChecksum() refuses ${what}`, async () => {
    const error = await refused({ checksum, algorithm: "sha256" });
    strictEqual(error.fault, "missing");
    match(error.message, /no checksum provided/);
  });
}

test("verifyChecksum() says that a file is not there, or is no file", async () => {
  const secure = { checksum: digits("sha256"), algorithm: "sha256" };
  const missing = await refused(secure, join(folder, "missing"));
  strictEqual(missing.fault, "unreadable");
  match(missing.message, /missing|No such file/);
  ok(missing.cause instanceof Error);
  strictEqual((await refused(secure, folder)).fault, "unreadable");
});

test("verifyChecksum() names the flag that Deno lacks", async () => {
  const runtime = fakeRuntime({ permits: ({ kind }) => kind !== "read" });
  const secure = { checksum: digits("sha256"), algorithm: "sha256" };
  await rejects(verifyChecksum(runtime, "/opt/plugin", secure), (error) => {
    ok(error instanceof PermissionError);
    deepStrictEqual(error.flags, ["--allow-read=/opt/plugin"]);
    match(error.message, /no permission to read \/opt\/plugin: add --allow-read=\/opt\/plugin$/);
    return true;
  });
});

test("verifyChecksum() looks at a file piece by piece, each one once", async () => {
  const piece = new Uint8Array(1024 * 1024);
  const whole = createHash("sha256");
  // Always the same bytes: what is kept of a piece is overwritten by the next one.
  const pieces = function* (): Generator<Uint8Array> {
    for (let i = 0; i < 64; i++) yield piece.fill(i);
  };
  for (const bytes of pieces()) whole.update(bytes);
  const runtime = fakeRuntime({
    async *readFile() {
      for (const bytes of pieces()) yield await Promise.resolve(bytes);
    },
  });
  await verifyChecksum(runtime, file, { checksum: whole.digest("hex"), algorithm: "sha256" });
});

test("verifyChecksum() reads a file of 64 MiB", async () => {
  const bytes = new Uint8Array(64 * 1024 * 1024);
  for (let i = 0; i < bytes.length; i += 4093) bytes[i] = i % 251;
  const path = join(folder, "big");
  writeFileSync(path, bytes);
  await verify({ checksum: digits("sha512", bytes), algorithm: "sha512" }, path);
});

/** A directory with a file of that name. */
function directoryWith(name: string): string {
  const directory = mkdtempSync(join(folder, "path-"));
  writeFileSync(join(directory, name), TEXT, { mode: 0o755 });
  return directory;
}

test("locateProgram() looks a bare name up in PATH, the first directory first", async () => {
  const runtime = await loadRuntime();
  const empty = mkdtempSync(join(folder, "path-"));
  const [first, second] = [directoryWith("tool"), directoryWith("tool")];
  // A directory of that name is no program.
  mkdirSync(join(empty, "tool"));
  const PATH = ["/nonexistent", empty, first, second].join(delimiter);
  strictEqual(await locateProgram(runtime, "tool", { env: { PATH } }), join(first, "tool"));
});

test("locateProgram() takes this process's PATH where the plugin is given none", async () => {
  const before = process.env.PATH;
  const directory = directoryWith("tool");
  try {
    process.env.PATH = directory;
    const runtime = await loadRuntime();
    strictEqual(await locateProgram(runtime, "tool"), join(directory, "tool"));
    strictEqual(await locateProgram(runtime, "tool", { env: {} }), join(directory, "tool"));
  } finally {
    process.env.PATH = before;
  }
});

test("locateProgram() always gives an absolute path", async () => {
  const runtime = fakeRuntime({
    currentDirectory: () => "/srv",
    readFile: (path) => readable(["/srv/bin/tool", "/cwd/tool"], path),
  });
  for (
    const [program, cwd, PATH, expected] of [
      ["/opt/tool", undefined, "", "/opt/tool"],
      ["./tool", undefined, "", "/srv/./tool"],
      ["bin/tool", undefined, "", "/srv/bin/tool"],
      ["bin/tool", "/cwd", "", "/cwd/bin/tool"],
      ["bin/tool", "sub", "", "/srv/sub/bin/tool"],
      ["tool", undefined, "bin", "/srv/bin/tool"],
      ["tool", "/cwd", "/nonexistent:", "/cwd/./tool"],
    ] as const
  ) {
    const { pathname } = new URL(expected, "file:///");
    const found = await locateProgram(runtime, program, { cwd, env: { PATH } });
    strictEqual(new URL(found, "file:///").pathname, pathname);
    ok(found.startsWith("/"), found);
  }
});

test("locateProgram() knows the drives, separators and endings of Windows", async () => {
  const runtime = fakeRuntime({
    platform: "windows",
    currentDirectory: () => "C:\\work",
    readFile: (path) => readable(["D:\\tools/tool.exe"], path),
  });
  const PATH = "C:\\Windows;D:\\tools";
  strictEqual(await locateProgram(runtime, "tool", { env: { PATH } }), "D:\\tools/tool.exe");
  strictEqual(await locateProgram(runtime, "D:\\tools\\tool.exe"), "D:\\tools\\tool.exe");
  strictEqual(await locateProgram(runtime, "bin\\tool.exe"), "C:\\work/bin\\tool.exe");
});

test("locateProgram() says that a name is nowhere in PATH", async () => {
  await rejects(locateProgram(await loadRuntime(), "tool", { env: { PATH: folder } }), (error) => {
    ok(error instanceof ChecksumError);
    strictEqual(error.fault, "unreadable");
    match(error.message, /"tool" is in no directory of PATH$/);
    return true;
  });
});

test("locateProgram() names the flag that Deno lacks to look", async () => {
  const runtime = fakeRuntime({
    currentDirectory: () => "/",
    permits: (access) => access.kind === "read" && access.path?.startsWith("/usr/") === true,
    readFile: (path) => readable(["/usr/bin/tool", "/bin/other"], path),
  });
  const env = { PATH: "/bin:/usr/bin" };
  strictEqual(await locateProgram(runtime, "tool", { env }), "/usr/bin/tool");
  await rejects(locateProgram(runtime, "other", { env }), (error) => {
    ok(error instanceof PermissionError);
    deepStrictEqual(error.flags, ["--allow-read"]);
    return true;
  });
});

/** Reads a byte from the files that there are. */
async function* readable(files: readonly string[], path: string): AsyncGenerator<Uint8Array> {
  const isThere = files.includes(path.replace("/./", "/"));
  if (!isThere) throw new Error(`no ${path}`);
  yield await Promise.resolve(Uint8Array.of(0));
}
