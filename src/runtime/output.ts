/** Taking over what a program prints, on either runtime. */

/** Which of the two something was written to. */
export type OutputChannel = "STDOUT" | "STDERR";

/** Takes what was printed instead of the process's own stdout and stderr. */
export interface OutputCapture {
  /** Takes bytes; they may be overwritten once it returns. */
  write(channel: OutputChannel, bytes: Uint8Array): void;
  /** Resolves when more should be written; `undefined` if that is now. */
  room(): Promise<void> | undefined;
}

/** The part of Node's output streams that programs write to. */
interface NodeOutput {
  write(chunk: string | Uint8Array, ...rest: unknown[]): boolean;
  emit(event: "drain"): unknown;
}

/**
 * Takes over a Node stream. `console` writes there as well.
 *
 * @returns Gives it back.
 */
export function captureNodeStream(
  stream: NodeOutput,
  channel: OutputChannel,
  capture: OutputCapture,
): () => void {
  // An own property in front of the method, which stays as it is for our own log.
  stream.write = (chunk, ...rest) => {
    const encoding = typeof rest[0] === "string" ? rest[0] as BufferEncoding : "utf8";
    const done = rest.find((argument) => typeof argument === "function") as
      | (() => void)
      | undefined;
    capture.write(channel, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    const room = capture.room();
    if (room === undefined) {
      if (done !== undefined) queueMicrotask(done);
      return true;
    }
    room.then(() => {
      done?.();
      stream.emit("drain");
    });
    return false;
  };
  return () => Reflect.deleteProperty(stream, "write");
}

/** The part of Deno's output streams that programs write to. */
interface DenoOutput {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Takes over one of Deno's streams.
 *
 * @returns Gives it back.
 */
export function captureDenoStream(
  stream: DenoOutput,
  channel: OutputChannel,
  capture: OutputCapture,
): () => void {
  const writeSync = (bytes: Uint8Array) => {
    capture.write(channel, bytes);
    return bytes.length;
  };
  const write = async (bytes: Uint8Array) => {
    writeSync(bytes);
    await capture.room();
    return bytes.length;
  };
  const writable = new WritableStream<Uint8Array>({
    write: async (bytes) => void await write(bytes),
  });
  const own = { write, writeSync, writable };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(stream, name, { value, configurable: true });
  }
  return () => Object.keys(own).forEach((name) => Reflect.deleteProperty(stream, name));
}

/** What `node:console` has. */
export interface ConsoleModule {
  readonly Console: new (streams: { stdout: object; stderr: object }) => Console;
}

/**
 * Takes over Deno's `console`, which writes past `Deno.stdout`. Its methods
 * become those of Node's console on the captured streams, loaded when
 * something is first printed.
 *
 * @param loadConsole Loads `node:console`.
 * @returns Gives it back.
 */
export function captureConsole(
  loadConsole: () => ConsoleModule,
  capture: OutputCapture,
): () => void {
  const streamOf = (channel: OutputChannel) => ({
    write: (text: string) => {
      capture.write(channel, new TextEncoder().encode(text));
      return true;
    },
    on() {},
    once() {},
    removeListener() {},
    listenerCount: () => 0,
  });
  let captured: Record<string, unknown> | undefined;
  const load = () =>
    captured ??= new (loadConsole().Console)({
      stdout: streamOf("STDOUT"),
      stderr: streamOf("STDERR"),
    }) as unknown as Record<string, unknown>;
  const target = console as unknown as Record<string, unknown>;
  const originals = PRINTING.map((name) => [name, target[name]] as const);
  for (const name of PRINTING) {
    target[name] = (...args: unknown[]) => (load()[name] as Print).apply(load(), args);
  }
  return () => void Object.assign(target, Object.fromEntries(originals));
}

type Print = (...args: unknown[]) => void;

/** The methods of a console that print, or hold what those need. */
const PRINTING = [
  ...["log", "debug", "info", "warn", "error", "trace", "dir", "dirxml", "table", "assert"],
  ...["count", "countReset", "time", "timeLog", "timeEnd", "group", "groupCollapsed", "groupEnd"],
];
