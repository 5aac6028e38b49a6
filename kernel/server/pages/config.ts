import { parameter, sendJson, type Exchange, type Fields } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import type { StateFiles } from "./state-files.js";

/** Lays `change` over `fields`; null removes, as Jupyter's own server has it. */
function merge(fields: Fields, change: Fields): Fields {
  const merged = new Map(Object.entries(fields));
  for (const [key, value] of Object.entries(change)) {
    const before = merged.get(key);
    if (value === null) merged.delete(key);
    else if (isObject(value)) merged.set(key, merge(isObject(before) ? before : {}, value));
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `/api/config/:section`: what extensions keep, one JSON object per section. */
export function configRoutes(files: StateFiles): readonly Route[] {
  const section = (exchange: Exchange): string => {
    const name = parameter(exchange, "section");
    if (!/^\w+$/.test(name)) throw new HttpError(400, "a section's name is one word");
    return name;
  };
  const read = async (name: string): Promise<Fields> => {
    const file = await files.read(name);
    return file === undefined ? {} : (JSON.parse(file.text) as Fields);
  };
  return [
    {
      method: "GET",
      pattern: "/api/config/:section",
      async handle(exchange) {
        sendJson(exchange, await read(section(exchange)));
      },
    },
    {
      method: "PUT",
      pattern: "/api/config/:section",
      async handle(exchange) {
        const fields = await exchange.json();
        await files.write(section(exchange), JSON.stringify(fields));
        sendJson(exchange, fields);
      },
    },
    {
      method: "PATCH",
      pattern: "/api/config/:section",
      async handle(exchange) {
        const name = section(exchange);
        const fields = merge(await read(name), await exchange.json());
        await files.write(name, JSON.stringify(fields));
        sendJson(exchange, fields);
      },
    },
  ];
}
