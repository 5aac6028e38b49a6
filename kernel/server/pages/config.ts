import { parameter, sendJson, type Exchange, type Fields } from "../http/exchange.js";
import { createTurns } from "../contents/turns.js";
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
  // A change is laid over what is there: two that come together must not both start from the same.
  const turns = createTurns();
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
        const name = section(exchange);
        const fields = await exchange.json();
        await turns.take(name, () => files.write(name, JSON.stringify(fields)));
        sendJson(exchange, fields);
      },
    },
    {
      method: "PATCH",
      pattern: "/api/config/:section",
      async handle(exchange) {
        const name = section(exchange);
        const change = await exchange.json();
        const fields = await turns.take(name, async () => {
          const merged = merge(await read(name), change);
          await files.write(name, JSON.stringify(merged));
          return merged;
        });
        sendJson(exchange, fields);
      },
    },
  ];
}
