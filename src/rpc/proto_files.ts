/** The files that a .proto file is made of. */
import { dirname, resolve } from "node:path";
import { requirePermissions } from "../runtime/permissions.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";

/** Comes with the library. */
const COMMON = "google/protobuf/";

/**
 * Makes sure that a .proto file and what it imports may be read, since the
 * library that reads them does not look.
 *
 * @param what What cannot be done without: `Cannot …`.
 * @throws {PermissionError} That names every file found to be out of reach.
 */
export async function requireProtoFiles(
  what: string,
  path: string,
  includeDirs: readonly string[],
): Promise<void> {
  const runtime = await loadRuntime();
  // Nothing to be found where nothing is withheld.
  if (runtime.permits({ kind: "read" })) return;
  const files = new Set<string>();
  // With directories to search, those are what has to be readable.
  await collect(runtime, path, includeDirs.length === 0, files);
  requirePermissions(
    runtime,
    what,
    [...files, ...includeDirs].map((path) => ({ kind: "read", path })),
  );
}

async function collect(
  runtime: Runtime,
  path: string,
  follows: boolean,
  files: Set<string>,
): Promise<void> {
  if (files.has(path)) return;
  files.add(path);
  if (!follows || !runtime.permits({ kind: "read", path })) return;
  for (const imported of importsOf(await textOf(runtime, path))) {
    if (!imported.startsWith(COMMON)) {
      await collect(runtime, resolve(dirname(path), imported), true, files);
    }
  }
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/^\s*import\s+(?:(?:public|weak)\s+)?["']([^"']+)["']/gm)]
    .map(([, imported = ""]) => imported);
}

async function textOf(runtime: Runtime, path: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of runtime.readFile(path)) {
      text += decoder.decode(bytes, { stream: true });
    }
  } catch {
    // One that cannot be read is reported by whoever loads it.
  }
  return text;
}
