import type { Purpose } from "./file.js";
import type { Drive } from "./timed.js";

/** An access of a disk's sectors that something done to a virtual disk led to. */
export interface RecordedAccess {
  readonly disk: Drive;
  readonly op: "read" | "write";
  readonly lba: number;
  readonly count: number;
  readonly purpose: Purpose;
}

/** An access of a file on a host's volume, which the image's format made of what was asked of the virtual disk. */
export interface FileAccess {
  readonly file: string;
  readonly op: "read" | "write";
  readonly offset: number;
  readonly length: number;
  readonly purpose: Purpose;
}

export interface Recording<T> {
  readonly value: T;
  readonly files: readonly FileAccess[];
  readonly accesses: readonly RecordedAccess[];
}

let current: { readonly files: FileAccess[]; readonly accesses: RecordedAccess[] } | undefined;

/**
 * Does something to virtual disks and gives the accesses of files and disks that it led to, in order. Data moves at once;
 * the accesses of disks are what it costs, to be served in virtual time by whoever records.
 */
export function record<T>(action: () => T): Recording<T> {
  const outer = current;
  const mine = { files: [], accesses: [] };
  current = mine;
  try {
    return { value: action(), ...mine };
  } finally {
    current = outer;
  }
}

/** Called by a disk for each access. */
export function noteAccess(access: RecordedAccess): void {
  current?.accesses.push(access);
}

/** Called by a host's file for each access. */
export function noteFileAccess(access: FileAccess): void {
  current?.files.push(access);
}

/**
 * Which accesses are under way together. Each access of a table must end before the next step can begin, since what
 * follows depends on it; neighbouring accesses of data with the same direction go together, and become one where they
 * are neighbours on the disk, as a host's block layer merges them.
 */
export function stepsOf(accesses: readonly RecordedAccess[]): readonly (readonly RecordedAccess[])[] {
  const steps: RecordedAccess[][] = [];
  for (const access of accesses) {
    const step = steps.at(-1);
    const last = step?.at(-1);
    if (step === undefined || last === undefined || last.op !== access.op || isTable(last) || isTable(access)) {
      if (step !== undefined && last !== undefined && joins(last, access)) step[step.length - 1] = join(last, access);
      else steps.push([access]);
    } else if (joins(last, access)) step[step.length - 1] = join(last, access);
    else step.push(access);
  }
  return steps;
}

function isTable({ purpose }: RecordedAccess): boolean {
  return purpose !== "data" && purpose !== "copy";
}

function joins(a: RecordedAccess, b: RecordedAccess): boolean {
  return a.disk === b.disk && a.op === b.op && a.purpose === b.purpose && a.lba + a.count === b.lba;
}

function join(a: RecordedAccess, b: RecordedAccess): RecordedAccess {
  return { ...a, count: a.count + b.count };
}
