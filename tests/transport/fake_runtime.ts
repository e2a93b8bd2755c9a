/** Runtimes for tests that choose or listen: what the test does not give must not be used. */
import type { Runtime } from "../../src/runtime/runtime.ts";

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`${name}() is not expected here`);
  };
}

/** A runtime on Linux that grants everything and does nothing but what a test gives it. */
export function fakeRuntime(given: Partial<Runtime>): Runtime {
  return {
    name: "deno",
    version: "0.0.0",
    platform: "linux",
    permits: () => true,
    hides: () => false,
    variable: unexpected("variable"),
    readEnvironment: unexpected("readEnvironment"),
    spawn: unexpected("spawn"),
    writeStdout: unexpected("writeStdout"),
    writeStderr: unexpected("writeStderr"),
    captureOutput: unexpected("captureOutput"),
    gunzip: unexpected("gunzip"),
    onSignal: unexpected("onSignal"),
    onExit: unexpected("onExit"),
    hasOwnHandler: unexpected("hasOwnHandler"),
    exit: unexpected("exit"),
    raise: unexpected("raise"),
    endLightly: unexpected("endLightly"),
    programArguments: [],
    pid: 1,
    parentPid: unexpected("parentPid"),
    isAlive: unexpected("isAlive"),
    startTimeOf: unexpected("startTimeOf"),
    signalProcess: unexpected("signalProcess"),
    outputOf: unexpected("outputOf"),
    currentDirectory: unexpected("currentDirectory"),
    readFile: unexpected("readFile"),
    listDirectory: unexpected("listDirectory"),
    shareWithGroup: unexpected("shareWithGroup"),
    temporaryDirectories: unexpected("temporaryDirectories"),
    makePrivateDirectory: unexpected("makePrivateDirectory"),
    removeSync: unexpected("removeSync"),
    removeTree: unexpected("removeTree"),
    removeTreeSync: unexpected("removeTreeSync"),
    ...given,
  };
}
