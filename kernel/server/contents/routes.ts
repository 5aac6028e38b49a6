import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { optionalString, parameter, requiredString, sendJson, sendNothing, type Exchange } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import { createCheckpoint, deleteCheckpoint, listCheckpoints, restoreCheckpoint } from "./checkpoints.js";
import type { GetOptions, Model } from "./model.js";
import { parseNotebook } from "./notebook-text.js";
import { getModel } from "./reading.js";
import type { Place, Root } from "./root.js";
import type { Trash } from "./trash.js";
import type { Trust } from "./trust.js";
import { createTurns } from "./turns.js";
import { copyInto, createUntitled, move, remove, save } from "./writing.js";

export interface ContentsOptions {
  readonly root: Root;
  readonly trust: Trust;
  /** Where deleted files go; without it they are gone. */
  readonly trash: Trash | undefined;
  /** Told that a file or a folder has another path now. */
  readonly onMoved: (from: string, to: string) => void;
}

function flag({ searchParams }: URL, name: string, fallback: boolean): boolean {
  const given = searchParams.get(name);
  if (given === null) return fallback;
  if (given === "1" || given === "true") return true;
  if (given === "0" || given === "false") return false;
  throw new HttpError(400, `"${name}" is neither 0 nor 1`);
}

function oneOf<T extends string>({ searchParams }: URL, name: string, words: readonly T[]): T | undefined {
  const given = searchParams.get(name);
  if (given === null || given === "") return undefined;
  const word = words.find((each) => each === given);
  if (word === undefined) throw new HttpError(400, `"${name}" is none of ${words.join(", ")}`);
  return word;
}

function getOptions({ url }: Exchange): GetOptions {
  const type = oneOf(url, "type", ["file", "notebook", "directory"]);
  const format = oneOf(url, "format", ["text", "base64", "json"]);
  return {
    ...(type === undefined ? {} : { type }),
    ...(format === undefined || format === "json" ? {} : { format }),
    content: flag(url, "content", true),
    hash: flag(url, "hash", false),
  };
}

/** A file of which only a part has come: there may be nothing of this name yet. */
function arriving({ path }: Place): Model {
  const now = new Date().toISOString();
  const times = { created: now, last_modified: now };
  const none = { size: null, mimetype: null, format: null, content: null };
  return { name: basename(path), path, type: "file", writable: true, ...times, ...none };
}

const bare: GetOptions = { content: false, hash: false };

/** Jupyter's contents API over the files of one folder. Changes to one path happen one after the other. */
export function contentsRoutes({ root, trust, trash, onMoved }: ContentsOptions): readonly Route[] {
  const turns = createTurns();
  const pathOf = (exchange: Exchange): string => parameter(exchange, "path");
  const model = (path: string, options: GetOptions = bare): Promise<Model> => getModel(root, path, options, trust);

  function sendCreated(exchange: Exchange, made: Model): void {
    const address = made.path.split("/").map(encodeURIComponent).join("/");
    exchange.response.setHeader("location", `/api/contents/${address}`);
    sendJson(exchange, made, 201);
  }

  /** Checkpoints' routes come before the files', whose pattern would take them for a path. */
  const checkpoints: readonly Route[] = [
    {
      method: "GET",
      pattern: "/api/contents/*path/checkpoints",
      async handle(exchange) {
        const { file } = await root.locate(pathOf(exchange));
        sendJson(exchange, await listCheckpoints(file));
      },
    },
    {
      method: "POST",
      pattern: "/api/contents/*path/checkpoints",
      async handle(exchange) {
        const { file } = await root.locate(pathOf(exchange));
        sendJson(exchange, await turns.take(file, () => createCheckpoint(file)), 201);
      },
    },
    {
      method: "POST",
      pattern: "/api/contents/*path/checkpoints/:id",
      async handle(exchange) {
        const { file } = await root.locate(pathOf(exchange));
        await turns.take(file, () => restoreCheckpoint(file, parameter(exchange, "id")));
        sendNothing(exchange);
      },
    },
    {
      method: "DELETE",
      pattern: "/api/contents/*path/checkpoints/:id",
      async handle(exchange) {
        const { file } = await root.locate(pathOf(exchange));
        await turns.take(file, () => deleteCheckpoint(file, parameter(exchange, "id")));
        sendNothing(exchange);
      },
    },
    {
      method: "POST",
      pattern: "/api/contents/*path/trust",
      async handle(exchange) {
        const { file } = await root.locate(pathOf(exchange));
        trust.trust(parseNotebook(await readFile(file, "utf8")));
        sendJson(exchange, {}, 201);
      },
    },
  ];

  return [
    ...checkpoints,
    {
      method: "GET",
      pattern: "/api/contents/*path",
      async handle(exchange) {
        sendJson(exchange, await model(pathOf(exchange), getOptions(exchange)));
      },
    },
    {
      method: "PUT",
      pattern: "/api/contents/*path",
      async handle(exchange) {
        const fields = await exchange.json();
        const place = await root.locate(pathOf(exchange));
        const from = optionalString(fields, "copy_from");
        if (from !== undefined) throw new HttpError(400, "a copy is made with POST to its folder");
        await turns.take(place.file, () => save(place, fields, trust));
        const isPiece = typeof fields["chunk"] === "number" && fields["chunk"] !== -1;
        sendJson(exchange, isPiece ? arriving(place) : await model(place.path));
      },
    },
    {
      method: "POST",
      pattern: "/api/contents/*path",
      async handle(exchange) {
        const fields = await exchange.json();
        const folder = await root.locate(pathOf(exchange));
        const from = optionalString(fields, "copy_from");
        const made =
          from === undefined
            ? await createUntitled(root, folder, fields)
            : await copyInto(root, folder, await root.locate(from));
        sendCreated(exchange, await model(made));
      },
    },
    {
      method: "PATCH",
      pattern: "/api/contents/*path",
      async handle(exchange) {
        const fields = await exchange.json();
        const from = await root.locate(pathOf(exchange));
        const to = await root.locate(requiredString(fields, "path"));
        await turns.take(from.file, () => move(root, from, to));
        if (from.path !== to.path) onMoved(from.path, to.path);
        sendJson(exchange, await model(to.path));
      },
    },
    {
      method: "DELETE",
      pattern: "/api/contents/*path",
      async handle(exchange) {
        const place = await root.locate(pathOf(exchange));
        await turns.take(place.file, () => remove(root, place, trash));
        sendNothing(exchange);
      },
    },
  ];
}
