/** gRPC's reflection service, v1 and v1alpha: lets tools such as grpcurl call a plugin. */
import { STATUS_CODES } from "../errors.ts";
import { reflectionDescriptor } from "./descriptors.ts";
import type { LoadedService } from "./service.ts";
import { type Service, service } from "./service.ts";

/** A question; one of the optional fields is set. */
export interface ReflectionRequest {
  /** Ignored. */
  readonly host: string;
  /** Asks for a file. */
  readonly fileByFilename?: string;
  /** Asks for the file that defines a symbol. */
  readonly fileContainingSymbol?: string;
  /** Asks for the file of an extension; proto3 has none. */
  readonly fileContainingExtension?: unknown;
  /** Asks for the extensions of a message; proto3 has none. */
  readonly allExtensionNumbersOfType?: string;
  /** Asks for the names of all services. */
  readonly listServices?: string;
}

/** An answer; the field that belongs to the question is set. */
export interface ReflectionResponse {
  /** The question's. */
  readonly validHost: string;
  /** The question. */
  readonly originalRequest: ReflectionRequest;
  /** Files, each as a serialized `FileDescriptorProto`. */
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  /** Extensions. */
  readonly allExtensionNumbersResponse?: {
    readonly baseTypeName: string;
    readonly extensionNumber: readonly number[];
  };
  /** Services. */
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  /** Why there is no answer. */
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}

/** The contract of `ServerReflection`. */
export interface Reflection {
  /** Answers each question with one answer. */
  serverReflectionInfo(
    requests: AsyncIterable<ReflectionRequest>,
  ): AsyncIterable<ReflectionResponse>;
}

/** Both versions of the service; they differ in their name only. */
export const reflectionServices: readonly Service<Reflection>[] = ["v1", "v1alpha"].map((version) =>
  service<Reflection>(reflectionDescriptor, `grpc.reflection.${version}.ServerReflection`)
);

/** The plugin's side. `services` is read when a question comes. */
export function reflectionHandlers(services: readonly LoadedService[]) {
  return {
    async *serverReflectionInfo(
      requests: AsyncIterable<ReflectionRequest>,
    ): AsyncGenerator<ReflectionResponse> {
      // Few plugins are ever asked: the index is loaded and built when one is.
      const { FileIndex } = await import("./file_index.ts");
      const index = new FileIndex();
      for (const service of services) index.add(await service.files());
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          ...answer(request, services, index),
        };
      }
    },
  };
}

type Answer = Omit<ReflectionResponse, "validHost" | "originalRequest">;

/** What the answers need of the file index. */
interface Files {
  byName(name: string): Uint8Array[] | undefined;
  bySymbol(symbol: string): Uint8Array[] | undefined;
  has(symbol: string): boolean;
}

function answer(
  request: ReflectionRequest,
  services: readonly LoadedService[],
  index: Files,
): Answer {
  if (request.listServices !== undefined) {
    const names = services.map(({ name }) => name).sort();
    return { listServicesResponse: { service: names.map((name) => ({ name })) } };
  }
  if (request.fileByFilename !== undefined) {
    return files(index.byName(request.fileByFilename), request.fileByFilename);
  }
  if (request.fileContainingSymbol !== undefined) {
    return files(index.bySymbol(request.fileContainingSymbol), request.fileContainingSymbol);
  }
  const type = request.allExtensionNumbersOfType;
  if (type !== undefined && index.has(type)) {
    return { allExtensionNumbersResponse: { baseTypeName: type, extensionNumber: [] } };
  }
  return notFound(type ?? "extension");
}

function files(found: readonly Uint8Array[] | undefined, name: string): Answer {
  return found === undefined
    ? notFound(name)
    : { fileDescriptorResponse: { fileDescriptorProto: found } };
}

function notFound(name: string): Answer {
  return {
    errorResponse: { errorCode: STATUS_CODES.NOT_FOUND, errorMessage: `not found: ${name}` },
  };
}
