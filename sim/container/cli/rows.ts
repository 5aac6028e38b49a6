/** What lists' cells are made of: the API's JSON in the words of docker's formatter package. */
import { rfc3339 } from "../../core/index.js";
import { inWords } from "../engine/clock.js";
import { Field, type Json } from "../json.js";
import type { Method } from "./template/execute.js";

export const fieldOf = (value: Json): Field => new Field(value, "the daemon's answer");

export const textAt = (field: Field, key: string): string => field.at(key).optional((one) => one.text()) ?? "";
export const numberAt = (field: Field, key: string): number => field.at(key).optional((one) => one.number()) ?? 0;
export const listAt = (field: Field, key: string): readonly Field[] =>
  field.at(key).optional((one) => one.list()) ?? [];
export const mapAt = (field: Field, key: string): readonly (readonly [string, Field])[] =>
  field.at(key).optional((one) => one.entries()) ?? [];

/** stringid.TruncateID: twelve digits. */
export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

/** formatter.Ellipsis. */
export function ellipsis(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** "2 years ago". @param now in nanoseconds since 1970 */
export const ago = (now: number, seconds: number): string => `${inWords(now - seconds * 1e9)} ago`;

/** time.Time's String: "2026-11-23 21:02:29 +0000 UTC". */
export const goTime = (seconds: number): string => rfc3339(seconds).replace("T", " ").replace("Z", " +0000 UTC");

/** The same of RFC 3339 with a fraction. */
export const goTimeOf = (text: string): string => text.replace("T", " ").replace("Z", " +0000 UTC");

/** "a=1,b=2", in the order of the names. */
export const labelsText = (field: Field): string =>
  mapAt(field, "Labels")
    .map(([name, value]) => `${name}=${value.text()}`)
    .sort()
    .join(",");

/** What `{{.Label "name"}}` is of a thing, and as a column's title: the last part of the name, in words. */
export const labelOf =
  (field: Field): Method =>
  (name) =>
    mapAt(field, "Labels")
      .find(([one]) => one === name)?.[1]
      .text() ?? "";
export const labelTitle: Method = (name) => (name.split(".").at(-1) ?? "").replace(/[-_]/g, " ");

interface Port {
  readonly ip: string;
  readonly inside: number;
  readonly outside: number;
  readonly type: string;
}

/** formatter.DisplayablePorts: neighbours that aren't renumbered are one range. */
export function portsText(ports: readonly Field[]): string {
  const all = ports
    .map((one): Port => ({
      ip: textAt(one, "IP"),
      inside: numberAt(one, "PrivatePort"),
      outside: numberAt(one, "PublicPort"),
      type: textAt(one, "Type"),
    }))
    .sort(
      (a, b) =>
        a.inside - b.inside ||
        (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.outside - b.outside || (a.type < b.type ? -1 : 1)),
    );
  const groups = new Map<string, { first: number; last: number }>();
  const ranges: string[] = [];
  const mapped: string[] = [];
  for (const { ip, inside, outside, type } of all) {
    if (ip !== "" && outside !== inside) {
      mapped.push(`${ip}:${outside}->${inside}/${type}`);
      continue;
    }
    const key = ip === "" ? `/${type}` : `${ip}/${type}`;
    const group = groups.get(key);
    if (group !== undefined && inside === group.last + 1) {
      group.last = inside;
      continue;
    }
    if (group !== undefined) ranges.push(rangeText(key, group));
    groups.set(key, { first: inside, last: inside });
  }
  for (const [key, group] of groups) ranges.push(rangeText(key, group));
  return [...ranges, ...mapped].join(", ");
}

function rangeText(key: string, { first, last }: { readonly first: number; readonly last: number }): string {
  const [ip = "", type = ""] = key.split("/");
  const range = first === last ? String(first) : `${first}-${last}`;
  return `${ip === "" ? range : `${ip}:${range}->${range}`}/${type}`;
}

/** Filters as the API takes them: values by keys. */
export function filtersOf(given: readonly string[]): string | undefined {
  if (given.length === 0) return undefined;
  const filters: Record<string, Record<string, true>> = {};
  for (const one of given) {
    const [key = "", value = ""] = one.split(/=(.*)/s).map((part) => part.trim());
    (filters[key.toLowerCase()] ??= {})[value] = true;
  }
  return JSON.stringify(filters);
}
