/** Many deadlines on one timer: a timer for each call would cost more than the call's frames. */

/** A deadline that can still be taken back. */
export interface Deadline {
  /** When, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Told once, when the time has come. */
  readonly ring: () => void;
  /** Where it stands among the others; -1 when it no longer does. */
  place: number;
}

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A heap, the next one first. */
const heap: Deadline[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let timerAtMs = Infinity;

/** Has a function called at a time. */
export function setDeadline(atMs: number, ring: () => void): Deadline {
  const deadline: Deadline = { atMs, ring, place: heap.length };
  heap.push(deadline);
  rise(deadline);
  schedule();
  return deadline;
}

/** Takes a deadline back. May be called twice, and after it has passed. */
export function clearDeadline(deadline: Deadline): void {
  remove(deadline);
  // A timer left running would keep the program from ending.
  if (heap.length === 0) schedule();
}

function remove(deadline: Deadline): void {
  const { place } = deadline;
  if (place < 0) return;
  deadline.place = -1;
  const last = heap.pop() as Deadline;
  if (last === deadline) return;
  heap[place] = last;
  last.place = place;
  rise(last);
  sink(last);
}

function rise(deadline: Deadline): void {
  while (deadline.place > 0) {
    const parent = heap[(deadline.place - 1) >> 1] as Deadline;
    if (parent.atMs <= deadline.atMs) return;
    swap(deadline, parent);
  }
}

function sink(deadline: Deadline): void {
  while (true) {
    const left = heap[2 * deadline.place + 1];
    const right = heap[2 * deadline.place + 2];
    const child = right !== undefined && left !== undefined && right.atMs < left.atMs
      ? right
      : left;
    if (child === undefined || child.atMs >= deadline.atMs) return;
    swap(child, deadline);
  }
}

function swap(one: Deadline, other: Deadline): void {
  const { place } = one;
  one.place = other.place;
  other.place = place;
  heap[one.place] = one;
  heap[other.place] = other;
}

/** Sets the timer for the first deadline, unless it rings before that anyway. */
function schedule(): void {
  const first = heap[0];
  if (first !== undefined && first.atMs >= timerAtMs) return;
  clearTimeout(timer);
  timer = undefined;
  timerAtMs = Infinity;
  if (first === undefined) return;
  timerAtMs = first.atMs;
  const wait = Math.min(Math.max(0, Math.ceil(first.atMs - Date.now())), MAX_TIMER_MS);
  timer = setTimeout(ringAll, wait);
}

function ringAll(): void {
  timerAtMs = Infinity;
  const now = Date.now();
  while (heap[0] !== undefined && heap[0].atMs <= now) {
    const due = heap[0];
    remove(due);
    due.ring();
  }
  schedule();
}
