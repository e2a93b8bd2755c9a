/** GRPCStdio: how a plugin's stdout and stderr reach the host after the handshake. */
import { RpcError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { ClientOf, ServerCall } from "./contract.ts";
import type { OutputBuffer } from "./output_buffer.ts";
import { stdioDescriptor } from "./descriptors.ts";
import { type Service, service } from "./service.ts";

/** A piece of the plugin's output, cut at any byte. */
export interface StdioData {
  /** Which of the two it was written to. */
  readonly channel: "INVALID" | "STDOUT" | "STDERR";
  /** The bytes. */
  readonly data: Uint8Array;
}

/** The contract of `plugin.GRPCStdio`. */
export interface Stdio {
  /** The plugin's output, as long as it runs. */
  streamStdio(request: Record<never, never>): AsyncIterable<StdioData>;
}

/** The service a host opens once and reads to the end. */
export const StdioService: Service<Stdio> = service<Stdio>(
  stdioDescriptor,
  "plugin.GRPCStdio",
);

/**
 * The plugin's side: what was printed, until the host leaves or, once the
 * plugin shuts down, until nothing is left.
 */
export function stdioHandlers(output: OutputBuffer) {
  return {
    streamStdio(_: unknown, { signal }: ServerCall): AsyncIterable<StdioData> {
      const left = new AbortController();
      signal.addEventListener("abort", () => {
        // The shutdown fires it as well: the tail still goes out.
        if (signal.reason instanceof RpcError) left.abort();
      });
      return output.read(left.signal);
    },
  };
}

/** Takes bytes of a plugin's output; a promise holds the plugin back until it resolves. */
export type OutputSink = (bytes: Uint8Array) => void | Promise<void>;

/** Where the host puts what comes. */
export interface StdioSinks {
  /** Takes what the plugin wrote to stdout; left out, it is dropped. */
  readonly stdout?: OutputSink | undefined;
  /** Takes what the plugin wrote to stderr; left out, it is dropped. */
  readonly stderr?: OutputSink | undefined;
}

/**
 * Reads a plugin's output to its end. It is read even if nobody wants it: a Go
 * plugin that prints blocks as soon as nobody does. A plugin without the
 * service is fine. Never rejects.
 *
 * Source: go-plugin `grpc_stdio.go`, `grpcStdioClient.Run`.
 */
export async function drainStdio(
  client: ClientOf<Stdio>,
  sinks: StdioSinks,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { channel, data } of client.streamStdio({}, { signal })) {
      await deliver(channel, data, sinks, logger);
    }
  } catch (error) {
    const status = error instanceof RpcError ? error.status : undefined;
    const isEnd = status === "UNAVAILABLE" || status === "CANCELLED" ||
      status === "UNIMPLEMENTED";
    const message = "the plugin's output can no longer be read";
    if (isEnd) logger.debug(message, { status });
    else logger.error(message, { error });
  }
}

async function deliver(
  channel: StdioData["channel"],
  data: Uint8Array,
  sinks: StdioSinks,
  logger: Logger,
): Promise<void> {
  const sink = channel === "STDOUT"
    ? sinks.stdout
    : channel === "STDERR"
    ? sinks.stderr
    : undefined;
  if (channel !== "STDOUT" && channel !== "STDERR") {
    logger.warn("the plugin sent output for an unknown channel", { channel });
  }
  try {
    await sink?.(data);
  } catch (error) {
    // A sink that fails must not block the plugin.
    logger.error("the plugin's output could not be passed on", {
      channel,
      error,
    });
  }
}
