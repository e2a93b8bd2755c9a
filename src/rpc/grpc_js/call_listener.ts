/** What a caller hangs on a call: a signal, and callbacks for metadata. */
import type { ClientDuplexStream, ClientUnaryCall, Metadata, StatusObject } from "@grpc/grpc-js";
import type { CallOptions } from "../contract.ts";
import type { Grpc } from "./grpc.ts";
import { fromMetadata, type MetadataRecord } from "./metadata.ts";

/** A call of either kind. */
export type Call = ClientUnaryCall | ClientDuplexStream<unknown, unknown>;

/** Ties a signal and metadata callbacks to a call. */
export class CallListener {
  readonly #call: Call;
  readonly #signal: AbortSignal | undefined;
  #thrown: { readonly error: unknown } | undefined;

  /** Ties them. */
  constructor(grpc: Grpc, call: Call, { signal, onHeaders, onTrailers }: CallOptions) {
    this.#call = call;
    this.#signal = signal;
    if (onHeaders !== undefined) call.on("metadata", (metadata) => this.#tell(onHeaders, metadata));
    if (onTrailers !== undefined) {
      call.on("status", ({ code, metadata }: StatusObject) => {
        if (code === grpc.status.OK) this.#tell(onTrailers, metadata);
      });
    }
    signal?.addEventListener("abort", this.#cancel, { once: true });
  }

  /** What a callback threw, which cancelled the call. */
  get thrown(): { readonly error: unknown } | undefined {
    return this.#thrown;
  }

  /** Unties the signal. */
  stop(): void {
    this.#signal?.removeEventListener("abort", this.#cancel);
  }

  /** grpc-js would let what a callback throws end the process. */
  #tell(callback: (metadata: MetadataRecord) => void, metadata: Metadata): void {
    try {
      callback(fromMetadata(metadata));
    } catch (error) {
      this.#thrown ??= { error };
      this.#call.cancel();
    }
  }

  readonly #cancel = () => this.#call.cancel();
}
