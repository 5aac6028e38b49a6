import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { parameter, requiredString, sendJson, sendNothing } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import type { StateFiles } from "./state-files.js";

/** One plugin's settings as the interface wants them (jupyterlab_server's OpenAPI description, "SettingsEntry"). */
interface Settings {
  readonly id: string;
  readonly schema: unknown;
  readonly version: string;
  /** The user's own, as JSON with comments: the interface reads it itself. */
  readonly raw: string;
  readonly settings: unknown;
  readonly created: string | null;
  readonly last_modified: string | null;
}

interface Schema {
  readonly id: string;
  readonly schema: unknown;
  readonly version: string;
}

/**
 * The schemas in the built interface: `schemas/<package>/<plugin>.json`, by the plugin's id `<package>:<plugin>`, and
 * `schemas/<package>/version`.
 */
async function readSchemas(folder: string): Promise<ReadonlyMap<string, Schema>> {
  const files = await readdir(folder, { recursive: true });
  const schemas = files
    .filter((file) => file.endsWith(".json"))
    .map(async (file): Promise<Schema> => {
      const [, name = "", plugin = ""] = /^(.*)\/([^/]+)\.json$/.exec(file.split(sep).join("/")) ?? [];
      const schema: unknown = JSON.parse(await readFile(join(folder, file), "utf8"));
      const version = await readFile(join(folder, name, "version"), "utf8");
      return { id: `${name}:${plugin}`, schema, version };
    });
  return new Map((await Promise.all(schemas)).map((schema) => [schema.id, schema]));
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    // With comments it is no JSON; the interface goes by `raw`.
    return {};
  }
}

/** `/lab/api/settings`. @param folder the built interface's schemas */
export function settingsRoutes(folder: string, files: StateFiles): readonly Route[] {
  let schemas: Promise<ReadonlyMap<string, Schema>> | undefined;
  const all = (): Promise<ReadonlyMap<string, Schema>> => (schemas ??= readSchemas(folder));

  async function settingsOf({ id, schema, version }: Schema): Promise<Settings> {
    const file = await files.read(id);
    const raw = file?.text ?? "{}";
    const { created = null, last_modified = null } = file ?? {};
    return { id, schema, version, raw, settings: parse(raw), created, last_modified };
  }

  async function find(id: string): Promise<Schema> {
    const schema = (await all()).get(id);
    if (schema === undefined) throw new HttpError(404, "there are no settings of this name");
    return schema;
  }

  return [
    {
      method: "GET",
      pattern: "/lab/api/settings",
      async handle(exchange) {
        const known = [...(await all()).values()];
        const idsOnly = exchange.url.searchParams.get("ids_only") === "true";
        const settings = idsOnly ? known.map(({ id }) => ({ id })) : await Promise.all(known.map(settingsOf));
        sendJson(exchange, { settings });
      },
    },
    {
      method: "GET",
      pattern: "/lab/api/settings/*id",
      async handle(exchange) {
        sendJson(exchange, await settingsOf(await find(parameter(exchange, "id"))));
      },
    },
    {
      method: "PUT",
      pattern: "/lab/api/settings/*id",
      async handle(exchange) {
        const { id } = await find(parameter(exchange, "id"));
        await files.write(id, requiredString(await exchange.json(), "raw"));
        sendNothing(exchange);
      },
    },
  ];
}
