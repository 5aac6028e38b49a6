import { E } from "../errno.js";
import type { KernelState } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import { pageSize } from "../vfs/content.js";
import type { Cgroup, Controller } from "./cgroup.js";

/** Who may move tasks between two groups asks this of the group above both. */
export type MayWrite = (cgroup: Cgroup, caller: Caller) => boolean;

/** Where a file of a group is read or written. */
export interface Site {
  readonly cgroup: Cgroup;
  readonly kernel: KernelState;
  readonly mayWrite: MayWrite;
}

/** A file of every group's directory: with a controller, where that is handed down to it; not in the root where `inner`. */
export interface CgroupFile {
  readonly controller?: Controller;
  readonly inner?: boolean;
  readonly read?: (at: Site, caller: Caller) => string;
  readonly write?: (at: Site, caller: Caller, text: string) => void;
}

export type CgroupFiles = Readonly<Record<string, CgroupFile>>;

export const line = (value: number | string): string => `${value}\n`;
export const limit = (value: number): string => line(value === Infinity ? "max" : value);
export const table = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");

/** Nanoseconds as whole microseconds. */
export const micro = (nanos: number): number => Math.floor(nanos / 1000);

/** A number or "max". @throws EINVAL */
export function parseLimit(text: string): number {
  if (text === "max") return Infinity;
  return parseWhole(text, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws EINVAL for no number, ERANGE for one outside */
export function parseWhole(text: string, least: number, most: number): number {
  if (!/^\d+$/.test(text)) throw E.EINVAL;
  const value = Number(text);
  if (value < least || value > most) throw E.ERANGE;
  return value;
}

/** Bytes, in whole pages; K, M and G count. @throws EINVAL */
export function parseBytes(text: string): number {
  if (text === "max") return Infinity;
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) throw E.EINVAL;
  const unit = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[(match[2] ?? "").toLowerCase()] ?? 1;
  return Math.floor((Number(match[1]) * unit) / pageSize) * pageSize;
}

/** @throws EINVAL */
export function parseFlag(text: string): boolean {
  if (text !== "0" && text !== "1") throw E.EINVAL;
  return text === "1";
}
