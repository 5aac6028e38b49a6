import { UsageError } from "./errors.js";

/**
 * Numbers that know their unit. A quantity is a plain number at run time, so that it costs nothing and prints as
 * itself; the brand exists for the compiler, which then refuses milliseconds where bytes are asked for.
 */
declare const unit: unique symbol;

/** A span or a point of virtual time: whole nanoseconds, exact up to 2^53 ns, which is 104 days. */
export type Nanos = number & { readonly [unit]: "ns" };
/** An amount of memory or storage: whole bytes. */
export type Bytes = number & { readonly [unit]: "B" };

/** The longest virtual time that a number holds to the nanosecond (104 days). */
export const longest: Nanos = Number.MAX_SAFE_INTEGER as Nanos;

function duration(amount: number, factor: number, name: string): Nanos {
  const nanos = Math.round(amount * factor);
  if (nanos >= 0 && nanos <= longest) return nanos as Nanos;
  throw new UsageError(
    `${name}(${amount}) is no duration`,
    "Give a number from 0 up to 104 days, beyond which whole nanoseconds are no longer exact.",
  );
}

export const ns = (amount: number): Nanos => duration(amount, 1, "ns");
export const us = (amount: number): Nanos => duration(amount, 1e3, "us");
export const ms = (amount: number): Nanos => duration(amount, 1e6, "ms");
export const s = (amount: number): Nanos => duration(amount, 1e9, "s");
export const minutes = (amount: number): Nanos => duration(amount, 60e9, "minutes");
export const hours = (amount: number): Nanos => duration(amount, 3600e9, "hours");

function size(amount: number, factor: number, name: string): Bytes {
  const bytes = Math.round(amount * factor);
  if (bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER) return bytes as Bytes;
  throw new UsageError(`${name}(${amount}) is no size`, "Give a number from 0 up to 2^53 − 1 bytes (8 PiB).");
}

export const B = (amount: number): Bytes => size(amount, 1, "B");
export const KiB = (amount: number): Bytes => size(amount, 2 ** 10, "KiB");
export const MiB = (amount: number): Bytes => size(amount, 2 ** 20, "MiB");
export const GiB = (amount: number): Bytes => size(amount, 2 ** 30, "GiB");
export const TiB = (amount: number): Bytes => size(amount, 2 ** 40, "TiB");

/** At most `digits` significant digits, without trailing zeros. */
const brief = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

/** The largest unit in which the value is at least 1: `1.5 ms`, `512 MiB`. */
function inUnits(value: number, scale: readonly (readonly [number, string])[]): string {
  const [factor, name] = scale.find(([least]) => Math.abs(value) >= least) ?? scale.at(-1) ?? [1, ""];
  return `${brief(value / factor)} ${name}`;
}

/** A duration as a person reads it, to four digits: `1.5 ms`, `62 s`. */
export function formatDuration(nanos: number): string {
  const scale = [
    [3600e9, "h"],
    [60e9, "min"],
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
    [1, "ns"],
  ] as const;
  return inUnits(nanos, scale);
}

/** A size as a person reads it, to four digits, in powers of two: `512 MiB`. */
export function formatBytes(bytes: number): string {
  const scale = [
    [2 ** 40, "TiB"],
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
    [2 ** 10, "KiB"],
    [1, "B"],
  ] as const;
  return inUnits(bytes, scale);
}
