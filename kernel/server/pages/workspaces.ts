import { parameter, sendJson, sendNothing } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import type { StateFiles } from "./state-files.js";

/** `/lab/api/workspaces`: the layouts that the interface keeps, as it wrote them. */
export function workspaceRoutes(files: StateFiles): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/lab/api/workspaces",
      async handle(exchange) {
        const ids = await files.names();
        const texts = await Promise.all(ids.map((id) => files.read(id)));
        const values: unknown[] = texts.map((file) => JSON.parse(file?.text ?? "{}") as unknown);
        sendJson(exchange, { workspaces: { ids, values } });
      },
    },
    {
      method: "GET",
      pattern: "/lab/api/workspaces/*id",
      async handle(exchange) {
        const id = parameter(exchange, "id");
        const file = await files.read(id);
        const workspace: unknown = file === undefined ? { data: {}, metadata: { id } } : JSON.parse(file.text);
        sendJson(exchange, workspace);
      },
    },
    {
      method: "PUT",
      pattern: "/lab/api/workspaces/*id",
      async handle(exchange) {
        await files.write(parameter(exchange, "id"), JSON.stringify(await exchange.json()));
        sendNothing(exchange);
      },
    },
    {
      method: "DELETE",
      pattern: "/lab/api/workspaces/*id",
      async handle(exchange) {
        const id = parameter(exchange, "id");
        if ((await files.read(id)) === undefined) throw new HttpError(404, "there is no such workspace");
        await files.remove(id);
        sendNothing(exchange);
      },
    },
  ];
}
