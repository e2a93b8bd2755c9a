/** Explains why a program could not be started. */
import { SpawnError } from "../errors.ts";

/** Makes the error for a start that the system refused, from the system's error code. */
export function spawnError(
  program: string,
  code: string | undefined,
  cause: unknown,
): SpawnError {
  const name = JSON.stringify(program);
  const because = cause instanceof Error ? cause.message : String(cause);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new SpawnError(
        `Cannot start plugin: ${name} or its working directory not found`,
        {
          cause,
          hint: "Check the path, and PATH if it is a bare name",
        },
      );
    case "EACCES":
    case "EPERM":
      return new SpawnError(`Cannot start plugin: ${name} is not executable`, {
        cause,
        hint: "Check its permissions: chmod +x makes a file executable",
      });
    case "ENOEXEC":
      return new SpawnError(
        `Cannot start plugin: ${name} is no program for this machine`,
        {
          cause,
          hint:
            "It may be built for another operating system or processor, or be a script without a #! line",
        },
      );
    default:
      return new SpawnError(`Cannot start plugin: ${name}: ${because}`, {
        cause,
      });
  }
}
