import {
  optionalObject,
  optionalString,
  parameter,
  requiredString,
  sendJson,
  sendNothing,
  type Exchange,
  type Fields,
} from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import { contentType } from "../contents/mime.js";
import type { Kernels } from "./kernels.js";
import type { SessionRequest, Sessions, StartFor } from "./sessions.js";
import { specModel } from "./specs.js";

const id = (exchange: Exchange): string => parameter(exchange, "id");

function specRoutes(kernels: Kernels): readonly Route[] {
  const find = async (name: string): Promise<object> => {
    const spec = (await kernels.specs()).get(name);
    if (spec === undefined) throw new HttpError(404, "there is no such kernel");
    return specModel(spec);
  };
  return [
    {
      method: "GET",
      pattern: "/api/kernelspecs",
      async handle(exchange) {
        const models = [...(await kernels.specs()).values()].map((spec) => [spec.name, specModel(spec)]);
        sendJson(exchange, { default: kernels.defaultName, kernelspecs: Object.fromEntries(models) as unknown });
      },
    },
    {
      method: "GET",
      pattern: "/api/kernelspecs/:name",
      async handle(exchange) {
        sendJson(exchange, await find(parameter(exchange, "name")));
      },
    },
    {
      method: "GET",
      pattern: "/kernelspecs/:name/:file",
      async handle(exchange) {
        const spec = (await kernels.specs()).get(parameter(exchange, "name"));
        const file = parameter(exchange, "file");
        if (spec === undefined || !spec.files.includes(file)) throw new HttpError(404, "there is no such file");
        const data = await spec.readFile(file);
        exchange.response.writeHead(200, { "content-type": contentType(file), "content-length": data.length });
        exchange.response.end(data);
      },
    },
  ];
}

function kernelRoutes(kernels: Kernels, startFor: StartFor): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/api/kernels",
      handle: (exchange) => {
        sendJson(
          exchange,
          kernels.list().map((kernel) => kernel.model()),
        );
      },
    },
    {
      method: "POST",
      pattern: "/api/kernels",
      async handle(exchange) {
        const fields = await exchange.json();
        const kernel = await startFor(optionalString(fields, "path") ?? "", optionalString(fields, "name"));
        exchange.response.setHeader("location", `/api/kernels/${kernel.id}`);
        sendJson(exchange, kernel.model(), 201);
      },
    },
    {
      method: "GET",
      pattern: "/api/kernels/:id",
      handle: (exchange) => {
        sendJson(exchange, kernels.get(id(exchange)).model());
      },
    },
    {
      method: "DELETE",
      pattern: "/api/kernels/:id",
      async handle(exchange) {
        await kernels.shutdown(id(exchange));
        sendNothing(exchange);
      },
    },
    {
      method: "POST",
      pattern: "/api/kernels/:id/interrupt",
      async handle(exchange) {
        await kernels.get(id(exchange)).interrupt();
        sendNothing(exchange);
      },
    },
    {
      method: "POST",
      pattern: "/api/kernels/:id/restart",
      async handle(exchange) {
        const kernel = kernels.get(id(exchange));
        await kernel.restart().catch((error: unknown) => {
          throw new HttpError(500, error instanceof Error ? error.message : String(error));
        });
        sendJson(exchange, kernel.model());
      },
    },
  ];
}

/** What a client says of a session, be it new or changed. */
function sessionRequest(fields: Fields): Partial<SessionRequest> {
  const kernel = optionalObject(fields, "kernel") ?? {};
  // Older clients describe the notebook instead of the session.
  const notebook = optionalObject(fields, "notebook") ?? {};
  const read = {
    path: optionalString(fields, "path") ?? optionalString(notebook, "path"),
    name: optionalString(fields, "name") ?? optionalString(notebook, "name"),
    type: optionalString(fields, "type"),
    kernelId: optionalString(kernel, "id"),
    kernelName: optionalString(kernel, "name"),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

function sessionRoutes(sessions: Sessions): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/api/sessions",
      handle: (exchange) => {
        sendJson(exchange, sessions.list());
      },
    },
    {
      method: "POST",
      pattern: "/api/sessions",
      async handle(exchange) {
        const fields = await exchange.json();
        const { path, name, type, kernelId, kernelName } = sessionRequest(fields);
        const model = await sessions.open({
          path: path ?? requiredString(fields, "path"),
          name: name ?? "",
          type: type ?? "notebook",
          kernelId,
          kernelName,
        });
        exchange.response.setHeader("location", `/api/sessions/${model.id}`);
        sendJson(exchange, model, 201);
      },
    },
    {
      method: "GET",
      pattern: "/api/sessions/:id",
      handle: (exchange) => {
        sendJson(exchange, sessions.get(id(exchange)));
      },
    },
    {
      method: "PATCH",
      pattern: "/api/sessions/:id",
      async handle(exchange) {
        sendJson(exchange, await sessions.change(id(exchange), sessionRequest(await exchange.json())));
      },
    },
    {
      method: "DELETE",
      pattern: "/api/sessions/:id",
      async handle(exchange) {
        await sessions.close(id(exchange));
        sendNothing(exchange);
      },
    },
  ];
}

/** Jupyter's kernels, kernelspecs and sessions APIs. */
export function kernelsRoutes(kernels: Kernels, sessions: Sessions, startFor: StartFor): readonly Route[] {
  return [...specRoutes(kernels), ...kernelRoutes(kernels, startFor), ...sessionRoutes(sessions)];
}
