import { decodeBase64, UsageError, type Activity } from "../../core/index.js";
import { parseDockerfile } from "../build/dockerfile.js";
import { setting } from "../build/settings.js";
import { makeImage } from "../image/image.js";
import type { ImageSummary } from "../image/image-store.js";
import { gunzip, isGzip, readTar } from "../../userland/index.js";
import { makeLayer } from "../image/layer.js";
import type { ExecutionConfig } from "../image/oci.js";
import { familiarName, parseReference } from "../image/reference.js";
import { EngineError, invalid } from "../engine/errors.js";
import { Field, parseJson } from "../json.js";
import type { Progress } from "../registry/progress.js";
import type { Credentials } from "../registry/session.js";
import { secondsOf, timestamp } from "../timestamp.js";
import { readConfig } from "./create-request.js";
import { answerEmpty, answerJson, answerTar, type ApiAnswer, type Call } from "./exchange.js";
import { progressAnswer, type Tell } from "./open-answer.js";
import { demandFilters } from "./query.js";

const nameOf = ({ names }: Call): string => names[0] ?? "";
const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(secondsOf(time)));

export function rowJson({ engine, version }: Call, row: ImageSummary, shared: boolean): object {
  const { config } = engine.images.store.get(row.id);
  const users = engine.list({ all: true }).filter(({ ImageID }) => ImageID === row.id).length;
  return {
    Id: row.id,
    ParentId: "",
    RepoTags: row.tags,
    RepoDigests: row.digests,
    Created: seconds(row.created),
    Size: row.size,
    SharedSize: shared ? row.sharedSize : -1,
    // Always the same as Size; 1.44 left it out.
    ...(version < 44 && { VirtualSize: row.size }),
    Labels: config.config.Labels ?? null,
    Containers: shared ? users : -1,
  };
}

const filterNames = ["before", "dangling", "label", "reference", "since"];

/** Whether a row fits what `docker images --filter` says. @throws EngineError 400 */
function selection(
  { engine }: Call,
  filters: Readonly<Record<string, readonly string[]>>,
): (row: ImageSummary) => boolean {
  demandFilters(filters, filterNames);
  const all = engine.images.list();
  const placeOf = (name: string): number => all.findIndex(({ id }) => id === engine.images.get(name).id);
  return (row) =>
    Object.entries(filters).every(([key, values]) =>
      values.some((value) => {
        switch (key) {
          case "dangling":
            return (row.tags.length === 0) === (value === "true" || value === "1");
          case "label": {
            const labels = engine.images.store.get(row.id).config.config.Labels ?? {};
            const [name = "", wanted] = value.split(/=(.*)/s);
            return name in labels && (wanted === undefined || labels[name] === wanted);
          }
          case "before":
            return all.indexOf(row) > placeOf(value);
          case "since":
            return all.indexOf(row) < placeOf(value);
          default:
            return row.tags.some((tag) => fitsReference(tag, value));
        }
      }),
    );
}

/** A pattern as path.Match has it, of the name with its tag or without. */
function fitsReference(tag: string, pattern: string): boolean {
  const expression = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]")}$`,
  );
  return expression.test(tag) || expression.test(tag.replace(/:[^:/]*$/, ""));
}

export function list(call: Call): ApiAnswer {
  const { engine, query } = call;
  const filters = query.filters();
  // Before 1.25 the name had a parameter of its own.
  const wanted = query.text("filter") === "" ? filters : { ...filters, reference: [query.text("filter")] };
  const fits = selection(call, wanted);
  const rows = engine.images.list().filter((row) => fits(row));
  const patterns = wanted["reference"];
  // Who asks for names doesn't see an image's others.
  const asked = (row: ImageSummary): ImageSummary =>
    patterns === undefined
      ? row
      : { ...row, tags: row.tags.filter((tag) => patterns.some((one) => fitsReference(tag, one))) };
  return answerJson(rows.map((row) => rowJson(call, asked(row), query.flag("shared-size"))));
}

export function inspect(call: Call): ApiAnswer {
  const { engine, version } = call;
  const seen = engine.inspectImage(nameOf(call));
  const { history, author } = engine.images.get(nameOf(call)).config;
  return answerJson({
    ...seen,
    Parent: "",
    Comment: history.at(-1)?.comment ?? "",
    DockerVersion: "",
    Author: author ?? "",
    ...(version < 44 && { VirtualSize: seen.Size }),
    GraphDriver: { Name: "overlay2", Data: null },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  });
}

export function history(call: Call): ApiAnswer {
  const { engine } = call;
  const rows = engine.images.history(nameOf(call));
  const tags = engine.images.list().find(({ id }) => id === rows[0]?.id)?.tags ?? [];
  return answerJson(
    rows.map(({ id, created, createdBy, size, comment }, place) => ({
      Id: id ?? "<missing>",
      Created: seconds(created),
      CreatedBy: createdBy,
      Tags: place === 0 && tags.length > 0 ? tags : null,
      Size: size,
      Comment: comment,
    })),
  );
}

export function tag(call: Call): ApiAnswer {
  const { engine, query } = call;
  const [repository, name] = [query.text("repo"), query.text("tag")];
  engine.images.get(nameOf(call));
  engine.images.tag(nameOf(call), name === "" ? repository : `${repository}:${name}`);
  return answerEmpty(201);
}

export function* remove(call: Call): Activity<ApiAnswer> {
  const { untagged, deleted } = yield* call.engine.images.remove(nameOf(call), call.query.flag("force"));
  return answerJson([...untagged.map((Untagged) => ({ Untagged })), ...deleted.map((Deleted) => ({ Deleted }))]);
}

export function* prune(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  const filters = query.filters();
  // Only dangling ones, unless the filter says that others go, too.
  const all = filters["dangling"]?.some((value) => value === "false" || value === "0") ?? false;
  const before = engine.images.list();
  const { untagged, deleted } = yield* engine.images.prune(all);
  const left = new Set(engine.images.list().map(({ id }) => id));
  const rows = [...untagged.map((Untagged) => ({ Untagged })), ...deleted.map((Deleted) => ({ Deleted }))];
  const freed = before.filter(({ id }) => !left.has(id)).reduce((sum, row) => sum + row.size - row.sharedSize, 0);
  return answerJson({ ImagesDeleted: rows.length === 0 ? null : rows, SpaceReclaimed: freed });
}

/** Who a client is to a registry: the header X-Registry-Auth, base64 for URLs of JSON; undefined where it says nothing. */
export function credentialsOf({ request }: Call): Credentials | undefined {
  const text = request.headers["x-registry-auth"] ?? "";
  if (text === "") return undefined;
  try {
    const json = decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
    const field = new Field(parseJson(json, "X-Registry-Auth"), "X-Registry-Auth");
    const read = (key: string): string => field.at(key).optional((one) => one.text()) ?? "";
    const [username, password] = [read("username"), read("password")];
    return username === "" ? undefined : { username, password };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw invalid(`invalid X-Registry-Auth header: ${error.message}`, "Send base64 of JSON.");
  }
}

const named = (repository: string, tag: string): string =>
  tag === "" ? repository : tag.includes(":") ? `${repository}@${tag}` : `${repository}:${tag}`;

/** POST /images/create: a pull, or an import of an archive that is the body. */
export function* create(call: Call): Activity<ApiAnswer> {
  const { engine, query, request } = call;
  const from = query.text("fromImage");
  if (from !== "") {
    const name = familiarName(parseReference(named(from, query.text("tag"))));
    const credentials = credentialsOf(call);
    return yield* progressAnswer(call, function* (tell) {
      // The first line is told once it is known that there is such an image.
      const held: Progress[] = [];
      let lines = 0;
      yield* engine.images.pull(
        name,
        (line) => {
          if (++lines === 1) held.push(line);
          else for (const one of [...held.splice(0), line]) tell(progressJson(one));
        },
        credentials,
      );
      return undefined;
    });
  }
  if (query.text("fromSrc") !== "-")
    throw invalid("this engine imports only what a request brings", "Import from -, or from a file.");
  return yield* progressAnswer(call, function* (tell) {
    tell({ status: importImage(call, request.body) });
    return undefined;
  });
}

/** Lines of a layer have its detail, if only an empty one. */
const progressJson = (line: Progress): object =>
  line.id === undefined ? line : { ...line, progressDetail: line.progressDetail ?? {} };

/** Makes an image of one layer. @returns its id */
function importImage({ engine, query }: Call, archive: Uint8Array): string {
  const { store, architecture } = engine.images;
  const entries = readTar(isGzip(archive) ? gunzip(archive) : archive);
  const created = timestamp(engine.now);
  const message = query.text("message");
  const image = makeImage(store.content, {
    layers: [makeLayer(entries)],
    config: {
      created,
      architecture,
      os: "linux",
      config: changed({}, query.all("changes")),
      history: [{ created, comment: message === "" ? "Imported from -" : message }],
    },
  });
  store.add(image);
  const repository = query.text("repo");
  if (repository !== "") engine.images.tag(image.id, named(repository, query.text("tag")));
  return image.id;
}

/** A configuration after instructions of a Dockerfile: `--change`. @throws UsageError for what can't be one */
function changed(config: ExecutionConfig, lines: readonly string[]): ExecutionConfig {
  const text = lines.filter((line) => line.trim() !== "").join("\n");
  if (text === "") return config;
  const { stages, escape } = parseDockerfile(`FROM scratch\n${text}\n`);
  let result = config;
  for (const instruction of stages[0]?.instructions ?? []) {
    const { keyword } = instruction;
    if (keyword === "RUN" || keyword === "WORKDIR" || keyword === "ARG" || "sources" in instruction)
      throw invalid(
        `${keyword} is not a valid change command`,
        "Use CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME.",
      );
    result = setting(instruction, result, { lookup: () => undefined, escape, ownCommand: false }).config;
  }
  return result;
}

export function* commit(call: Call): Activity<ApiAnswer> {
  const { engine, query, body } = call;
  const container = query.text("container");
  const { config } = engine.container(container);
  const repository = query.text("repo");
  const { Cmd, Entrypoint, Env, User, WorkingDir, Labels, Volumes, ExposedPorts, StopSignal } = config;
  const own: ExecutionConfig = { Cmd, Entrypoint, Env, User, WorkingDir, Labels, Volumes, ExposedPorts, StopSignal };
  const { Healthcheck, ...asked } = call.request.body.length === 0 ? {} : readConfig(body());
  const author = query.text("author");
  const changes = changed(
    { ...own, ...asked, ...(Healthcheck !== undefined && { Healthcheck }) },
    query.all("changes"),
  );
  const pauses = query.flag("pause", true) && engine.container(container).state.status === "running";
  if (pauses) yield* engine.pause(container);
  try {
    const image = yield* engine.commit(container, {
      comment: query.text("comment"),
      changes,
      ...(repository !== "" && { name: named(repository, query.text("tag")) }),
      ...(author !== "" && { author }),
    });
    return answerJson({ Id: image.id }, 201);
  } finally {
    if (pauses) yield* engine.unpause(container);
  }
}

export function* push(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  const tag = query.text("tag");
  const name = named(nameOf(call), tag);
  const known = new Set(engine.images.list().flatMap(({ tags }) => tags));
  const { registry, repository } = parseReference(name);
  const all = [...known].filter((one) => {
    const other = parseReference(one);
    return other.registry === registry && other.repository === repository;
  });
  const wanted = tag === "" ? all : all.filter((one) => one === familiarName(parseReference(name)));
  if (wanted.length === 0)
    throw new EngineError(
      404,
      `An image does not exist locally with the tag: ${familiarName(parseReference(nameOf(call))).replace(/:[^:/]*$/, "")}`,
      "Tag an image so first.",
    );
  const credentials = credentialsOf(call);
  return yield* progressAnswer(call, function* (tell) {
    tell({ status: `The push refers to repository [${registry}/${repository}]` });
    for (const one of wanted) yield* pushOne(call, one, tell, credentials);
    return undefined;
  });
}

function* pushOne(
  { engine }: Call,
  name: string,
  tell: Tell,
  credentials: Credentials | undefined,
): Activity<undefined> {
  let last: string | undefined;
  yield* engine.images.push(
    name,
    (line) => {
      last = line.status;
      if (!line.status.startsWith("The push refers")) tell(progressJson(line));
    },
    credentials,
  );
  const found = /^(\S+): digest: (sha256:\S+) size: (\d+)/.exec(last ?? "");
  if (found !== null) {
    const [, Tag, Digest, Size] = found;
    tell({ progressDetail: {}, aux: { Tag, Digest, Size: Number(Size) } });
  }
  return undefined;
}

/** GET /images/get?names=…, /images/NAME/get. */
export function save(call: Call): ApiAnswer {
  const { engine, names, query } = call;
  const wanted = names.length > 0 ? names : query.all("names").flatMap((one) => one.split(","));
  if (wanted.length === 0) throw invalid("no image names given", "Say names=alpine.");
  return answerTar(engine.images.save(wanted));
}

export function* load(call: Call): Activity<ApiAnswer> {
  return yield* progressAnswer(call, function* (tell) {
    const archive = call.request.body;
    const loaded = call.engine.images.load(isGzip(archive) ? gunzip(archive) : archive);
    for (const line of loaded) tell({ stream: `${line}\n` });
    return undefined;
  });
}

/** `docker login`: whether a registry takes a name and a password. */
export function* login({ engine, body }: Call): Activity<ApiAnswer> {
  const asked = body();
  const address = (asked.text("serveraddress") ?? "docker.io").replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const registry = address === "index.docker.io" || address === "registry-1.docker.io" ? "docker.io" : address;
  const credentials = { username: asked.text("username") ?? "", password: asked.text("password") ?? "" };
  yield* engine.images.login(registry, credentials);
  return answerJson({ Status: "Login Succeeded", IdentityToken: "" });
}
