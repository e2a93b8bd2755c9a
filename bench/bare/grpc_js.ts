/** grpc-js alone, as its documentation has one use it: proto-loader's definitions, no options. */
import {
  type Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import type { Blob } from "../bench.ts";
import { descriptor } from "../bench_descriptor.ts";
import type { Calls } from "../measures.ts";
import type { Bare } from "./calls.ts";

type Upload = Awaited<ReturnType<Calls["upload"]>>;

/** A client as grpc-js makes it from a definition: callbacks and streams. */
interface BenchClient extends Client {
  echo(request: Blob, callback: (error: Error | null, blob: Blob) => void): void;
  download(request: object): AsyncIterable<Blob>;
  upload(
    callback: (error: Error | null, result: Upload) => void,
  ): { write(blob: Blob): boolean; end(): void; once(event: string, run: () => void): void };
  chat(): AsyncIterable<Blob> & { write(blob: Blob): boolean; end(): void };
}

function benchClass(): ServiceClientConstructor {
  const loaded = loadPackageDefinition(fromJSON(descriptor, { longs: String }));
  const { v1 } = loaded["bench"] as GrpcObject as { v1: GrpcObject };
  return (v1 as GrpcObject)["Bench"] as ServiceClientConstructor;
}

const handlers = {
  echo(call: ServerUnaryCall<Blob, Blob>, answer: sendUnaryData<Blob>): void {
    answer(null, call.request);
  },
  async download(call: ServerWritableStream<{ chunks: number; size: number }, Blob>) {
    const data = new Uint8Array(call.request.size);
    for (let i = 0; i < call.request.chunks; i++) {
      if (!call.write({ data })) await new Promise((resolve) => call.once("drain", resolve));
    }
    call.end();
  },
  async upload(call: ServerReadableStream<Blob, Upload>, answer: sendUnaryData<Upload>) {
    let [chunks, bytes] = [0, 0];
    for await (const { data } of call as AsyncIterable<Blob>) {
      chunks++;
      bytes += data.length;
    }
    answer(null, { chunks, bytes: String(bytes) });
  },
  chat(call: ServerDuplexStream<Blob, Blob>): void {
    // A `for await` would destroy the call when it ends, and with it the answer.
    call.on("data", (blob) => call.write(blob));
    call.on("end", () => call.end());
  },
};

/** Carries the calls by grpc-js. */
export const bareGrpcJs: Bare = {
  async serve(path, tls) {
    const server = new Server();
    server.addService(benchClass().service, handlers);
    const access = tls === undefined ? ServerCredentials.createInsecure() : ServerCredentials
      .createSsl(
        Buffer.from(tls.ca),
        [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }],
        true,
      );
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, access, (error) => error ? reject(error) : resolve());
    });
  },

  connect(path, tls) {
    const access = tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert));
    const client = new (benchClass())(`unix:${path}`, access, {
      "grpc.ssl_target_name_override": "localhost",
      "grpc.default_authority": "localhost",
    }) as unknown as BenchClient;
    return {
      calls: {
        echo: (blob) =>
          new Promise((resolve, reject) => {
            client.echo(blob, (error, answer) => error ? reject(error) : resolve(answer));
          }),
        download: (request) => client.download(request),
        upload: (blobs) =>
          new Promise((resolve, reject) => {
            const call = client.upload((error, result) => error ? reject(error) : resolve(result));
            const send = async () => {
              for await (const blob of blobs) {
                if (!call.write(blob)) await new Promise<void>((go) => call.once("drain", go));
              }
              call.end();
            };
            send().catch(reject);
          }),
        async *chat(blobs) {
          const call = client.chat();
          const send = async () => {
            for await (const blob of blobs) call.write(blob);
            call.end();
          };
          const sent = send();
          yield* call;
          await sent;
        },
      },
      close: () => client.close(),
    };
  },
};
