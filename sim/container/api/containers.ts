import type { Activity } from "../../core/index.js";
import { answerEmpty, answerJson, answerTar, type ApiAnswer, type Call } from "./exchange.js";
import { inspectionJson, summaryJson } from "./container-json.js";
import { readCreate, readHostConfig } from "./create-request.js";
import { pathStatHeader } from "./path-stat.js";
import { invalid } from "../engine/errors.js";

const nameOf = ({ names }: Call): string => names[0] ?? "";

export function* list({ engine, query }: Call): Activity<ApiAnswer> {
  const limit = query.integer("limit");
  const options = { all: query.flag("all"), filters: query.filters(), ...(limit !== undefined && { limit }) };
  const rows: object[] = [];
  for (const one of engine.list(options)) {
    const sizes = query.flag("size") ? yield* engine.size(one.Id) : {};
    rows.push({ ...summaryJson(engine, one), ...sizes });
  }
  return answerJson(rows);
}

export function* inspect(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  const seen = inspectionJson(engine, nameOf(call));
  return answerJson(query.flag("size") ? { ...seen, ...(yield* engine.size(nameOf(call))) } : seen);
}

export function* create({ engine, query, body }: Call): Activity<ApiAnswer> {
  const name = query.text("name");
  const { options, warnings } = readCreate(body(), name === "" ? undefined : name);
  return answerJson({ Id: yield* engine.create(options), Warnings: warnings }, 201);
}

export function* start(call: Call): Activity<ApiAnswer> {
  yield* call.engine.start(nameOf(call));
  return answerEmpty(204);
}

export function* stop(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  const signal = query.text("signal");
  yield* engine.stop(nameOf(call), query.integer("t"), signal === "" ? undefined : signal);
  return answerEmpty(204);
}

export function* restart(call: Call): Activity<ApiAnswer> {
  yield* call.engine.restart(nameOf(call), call.query.integer("t"));
  return answerEmpty(204);
}

export function* kill(call: Call): Activity<ApiAnswer> {
  const signal = call.query.text("signal");
  yield* call.engine.kill(nameOf(call), signal === "" ? undefined : signal);
  return answerEmpty(204);
}

export function* pause(call: Call): Activity<ApiAnswer> {
  yield* call.engine.pause(nameOf(call));
  return answerEmpty(204);
}

export function* unpause(call: Call): Activity<ApiAnswer> {
  yield* call.engine.unpause(nameOf(call));
  return answerEmpty(204);
}

export function rename(call: Call): ApiAnswer {
  const to = call.query.text("name");
  call.engine.container(nameOf(call));
  if (to === "") throw invalid("Neither old nor new names may be empty", "Name it.");
  call.engine.rename(nameOf(call), to);
  return answerEmpty(204);
}

export function* update(call: Call): Activity<ApiAnswer> {
  call.engine.container(nameOf(call));
  yield* call.engine.update(nameOf(call), readHostConfig(call.body()));
  return answerJson({ Warnings: [] });
}

export function* remove(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  yield* engine.remove(nameOf(call), { force: query.flag("force"), volumes: query.flag("v") });
  return answerEmpty(204);
}

export function* prune({ engine }: Call): Activity<ApiAnswer> {
  const { removed, reclaimed } = yield* engine.prune();
  return answerJson({ ContainersDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimed });
}

export function* top(call: Call): Activity<ApiAnswer> {
  return answerJson(yield* call.engine.top(nameOf(call)));
}

/** Docker's API, ChangeType. */
const kinds = { C: 0, A: 1, D: 2 } as const;

export function* changes(call: Call): Activity<ApiAnswer> {
  const rows = yield* call.engine.diff(nameOf(call));
  return answerJson(rows.length === 0 ? null : rows.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] })));
}

export function* exportArchive(call: Call): Activity<ApiAnswer> {
  return answerTar(yield* call.engine.export(nameOf(call)));
}

function pathOf(call: Call): string {
  const path = call.query.text("path");
  call.engine.container(nameOf(call));
  if (path === "") throw invalid("bad parameter: missing path", "Name a path in the container: path=/etc.");
  return path;
}

/** HEAD and GET: what a path is, and its files. */
export function* getArchive(call: Call): Activity<ApiAnswer> {
  const { archive, stat } = yield* call.engine.getArchive(nameOf(call), pathOf(call));
  return answerTar(archive, pathStatHeader(stat));
}

export function* putArchive(call: Call): Activity<ApiAnswer> {
  yield* call.engine.putArchive(nameOf(call), pathOf(call), call.request.body);
  return answerEmpty(200);
}

export function* resize(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  engine.container(nameOf(call));
  yield* engine.resize(nameOf(call), query.integer("h") ?? 0, query.integer("w") ?? 0);
  return answerEmpty(200);
}
