/** Has what it waits for at once; a limit that were left running would keep it alive for a day. */
import { waitAtMost } from "../../../src/runtime/wait.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const value = await waitAtMost(Promise.resolve("value"), DAY_MS);
const error = await waitAtMost(Promise.reject(new Error("rejection")), DAY_MS).catch(String);
console.log(value, error);
