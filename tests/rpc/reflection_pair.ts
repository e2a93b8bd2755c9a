/** A server that tells of its services, as a plugin does. */
import { implement, type Service, service } from "../../mod.ts";
import { ControllerService } from "../../src/rpc/controller.ts";
import { healthHandlers, HealthService } from "../../src/rpc/health.ts";
import type { Plugin } from "../../src/rpc/plugin_set.ts";
import { reflectionHandlers, reflectionServices } from "../../src/rpc/reflection.ts";
import type { LoadedService } from "../../src/rpc/service.ts";
import { OutputBuffer } from "../../src/rpc/output_buffer.ts";
import { stdioHandlers, StdioService } from "../../src/rpc/stdio.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openPair, type RpcPair } from "../helpers/rpc_pair.ts";
import { chunk, implementCalls } from "./calls.ts";

interface Mirror {
  reflect(request: unknown): Promise<unknown>;
  nothing(request: unknown): Promise<unknown>;
}

const MirrorService: Service<Mirror> = service<Mirror>(descriptor, "everything.Mirror");

/** What such a server serves, sorted. */
export const SERVICES = [
  "everything.Calls",
  "everything.Mirror",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "plugin.GRPCController",
  "plugin.GRPCStdio",
];

/** Serves them on TCP. */
export async function openReflecting(): Promise<RpcPair> {
  const services: LoadedService[] = [];
  const reflection = reflectionHandlers(services);
  const plugins: Plugin[] = [
    implement(ControllerService, { shutdown: () => ({}) }),
    implement(StdioService, stdioHandlers(new OutputBuffer(() => {}))),
    implement(HealthService, healthHandlers),
    ...reflectionServices.map((made) => implement(made, reflection)),
    implementCalls({
      unary: ({ number, text, data }) => chunk(number + 1, `<${text}>`, data),
      async *download({ number }) {
        for (let i = 0; i < number; i++) yield chunk(i);
      },
      async upload(requests) {
        let sum = 0;
        for await (const { number } of requests) sum += number;
        return chunk(sum);
      },
    }),
    implement(MirrorService, { reflect: (request) => request, nothing: () => ({}) }),
  ];
  const pair = await openPair(plugins);
  services.push(...pair.served.server.services);
  return pair;
}
