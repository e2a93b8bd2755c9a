/** Services: where a contract's methods come from. */
import { ServiceError } from "../errors.ts";
import { makeServiceType, type ServiceType } from "../protobuf/service_type.ts";
import type {
  ClientOf,
  ContractOf,
  GeneratedDefinition,
  Method,
  MethodDefinition,
} from "./contract.ts";
import type { ClientContext, Plugin } from "./plugin_set.ts";
import { requireProtoFiles } from "./proto_files.ts";

/** A service with its methods ready for use. */
export interface LoadedService {
  /** The full name: `package.Service`. */
  readonly name: string;
  /** The methods by their name in the contract. */
  readonly methods: ReadonlyMap<string, MethodDefinition>;
  /** Describes it for reflection, by files, each a serialized `FileDescriptorProto`. */
  files(): Promise<readonly Uint8Array[]>;
}

/**
 * A gRPC service with its TypeScript contract. It can stand in a host's plugin
 * set as it is; `implement()` makes a plugin's entry of it.
 */
export interface Service<T> extends Plugin<ClientOf<T>> {
  /** The full name: `package.Service`. */
  readonly name: string;
  /** Only carries the type of the contract; never set. */
  readonly __contract?: T;
  /** Makes the typed client. */
  client(context: ClientContext): Promise<ClientOf<T>>;
  /**
   * Makes the methods ready for use, once.
   *
   * @throws {ServiceError} If the descriptor does not hold the service.
   */
  load(): Promise<LoadedService>;
}

/** A contract whose every member is a method. */
export type Contract<T> = { [K in keyof T]: Method };

/**
 * Makes a service from a descriptor, embedded in the program, and the name of
 * the service in it.
 *
 * The methods of the contract have the names of the .proto file with a small
 * first letter; messages have camelCase fields, `Uint8Array` for `bytes`,
 * strings for 64-bit integers and enum values, and defaults filled in.
 *
 * @param descriptor The JSON form of a .proto file: what
 * `deno run -A proto/embed.ts` and `pbjs -t json` write.
 * @param name The full name of the service: `package.Service`.
 */
export function service<T extends Contract<T>>(
  descriptor: object,
  name: string,
): Service<T>;
/**
 * Makes a service from a definition in generated code (ts-proto, grpc-tools,
 * proto-loader). The contract is inferred where the definition has types.
 */
export function service<D extends GeneratedDefinition>(
  definition: D,
): Service<ContractOf<D>>;
export function service<T>(source: object, name?: string): Service<T> {
  if (name !== undefined) {
    // Fails where it is waited for.
    return makeService(name, () => new Promise((done) => done(loadDescriptor(source, name))));
  }
  const definition = source as Readonly<Record<string, MethodDefinition>>;
  const path = Object.values(definition)[0]?.path;
  if (typeof path !== "string") {
    throw new TypeError(
      "service(): this is no service definition: expected methods with a path, or a descriptor and a name",
    );
  }
  const ownName = path.split("/")[1] ?? "";
  return makeService(ownName, () => fromDefinition(ownName, definition));
}

/** Where `loadService` looks for what a .proto file imports. */
export interface LoadServiceOptions {
  /** Directories to search for imported files. @default {[]} */
  readonly includeDirs?: readonly string[];
}

/**
 * Makes a service from a .proto file.
 *
 * Needs `--allow-read` for the file and what it imports.
 *
 * @param file The path or `file:` URL of the .proto file.
 * @param name The full name of the service: `package.Service`.
 * @throws {ServiceError} If the file cannot be read or does not hold the service.
 * @throws {PermissionError} If permissions are missing to read it; Deno is not
 * made to ask.
 */
export async function loadService<T extends Contract<T>>(
  file: string | URL,
  name: string,
  options: LoadServiceOptions = {},
): Promise<Service<T>> {
  // proto-loader's way to read files, without its way to read messages: those
  // shall look the same as with an embedded descriptor.
  const [{ addCommonProtos, loadProtosWithOptions }, { fileURLToPath }] = await Promise.all([
    import("@grpc/proto-loader/build/src/util.js"),
    import("node:url"),
  ]);
  const path = file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : file;
  await requireProtoFiles(`Cannot load service ${name}`, path, options.includeDirs ?? []);
  let descriptor: object;
  try {
    addCommonProtos();
    const root = await loadProtosWithOptions(path, {
      includeDirs: [...options.includeDirs ?? []],
    });
    descriptor = root.toJSON();
  } catch (cause) {
    throw new ServiceError(
      `Cannot load service ${name}: ${path}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const loaded = loadDescriptor(descriptor, name);
  return makeService(name, () => Promise.resolve(loaded));
}

function makeService<T>(
  name: string,
  load: () => Promise<LoadedService>,
): Service<T> {
  let loaded: Promise<LoadedService> | undefined;
  const made: Service<T> = {
    name,
    client: (context) => context.connect(made),
    load: () => loaded ??= load(),
  };
  return made;
}

function loadDescriptor(descriptor: object, name: string): LoadedService {
  let type: ServiceType;
  try {
    type = makeServiceType(descriptor, name);
  } catch (cause) {
    throw new ServiceError(
      `Cannot load service ${name}: ${(cause as Error).message}`,
      { cause },
    );
  }
  return {
    name,
    methods: byContractName(type.methods),
    async files() {
      const { describeFiles } = await import("../protobuf/file_descriptor.ts");
      return describeFiles(type.root);
    },
  };
}

/** A method as proto-loader describes it, with the files its messages come from. */
interface DescribedMethod extends MethodDefinition {
  readonly requestType?: {
    readonly fileDescriptorProtos?: readonly Uint8Array[];
  };
}

async function fromDefinition(
  name: string,
  definition: Readonly<Record<string, DescribedMethod>>,
): Promise<LoadedService> {
  const { toBuffer } = await import("./to_buffer.ts");
  const methods = Object.values(definition).map((method) => ({
    ...method,
    requestDeserialize: (bytes: Uint8Array) => method.requestDeserialize(toBuffer(bytes)),
    responseDeserialize: (bytes: Uint8Array) => method.responseDeserialize(toBuffer(bytes)),
  }));
  return {
    name,
    methods: byContractName(methods),
    async files() {
      const { repairFile } = await import("./descriptor_repair.ts");
      return (methods[0]?.requestType?.fileDescriptorProtos ?? []).map(repairFile);
    },
  };
}

function byContractName(methods: readonly MethodDefinition[]): Map<string, MethodDefinition> {
  return new Map(methods.map((method) => [contractName(method.path), method]));
}

/** `/proto.KV/Get` is `get` in the contract. */
function contractName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.charAt(0).toLowerCase() + name.slice(1);
}
