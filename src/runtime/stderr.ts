/** This process's stderr, without loading anything: a logger must work before a runtime is chosen. */

interface Globals {
  readonly Deno?: { readonly stderr: { writeSync(bytes: Uint8Array): number } };
  readonly process?: { readonly stderr: NodeStderr };
}

interface NodeStderr {
  write(text: string): unknown;
  on(event: "error", handler: () => void): unknown;
}

let isGuarded = false;

/** Writes to stderr. Nothing is reported if its reader is gone. */
export function writeStderr(text: string): void {
  const { Deno: deno, process } = globalThis as Globals;
  try {
    // Node writes to files and, but for Windows, to pipes before it returns.
    if (deno === undefined) return writeNode(process?.stderr, text);
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) {
      written += own(deno.stderr).writeSync.call(deno.stderr, bytes.subarray(written));
    }
  } catch {
    // The reader of stderr is gone: nobody is left to tell.
  }
}

function writeNode(stderr: NodeStderr | undefined, text: string): void {
  // Node reports a reader that is gone by an event, and ends the process if nobody listens.
  if (!isGuarded) stderr?.on("error", () => {});
  isGuarded = true;
  if (stderr !== undefined) own(stderr).write.call(stderr, text);
}

/** The methods of its class: what a plugin prints is captured in front of them. */
function own<T extends object>(stream: T): T {
  return Object.getPrototypeOf(stream);
}
