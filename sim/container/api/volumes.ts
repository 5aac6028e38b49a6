import type { Activity } from "../../core/index.js";
import { invalid } from "../engine/errors.js";
import type { Volume } from "../engine/volumes.js";
import { answerEmpty, answerJson, type ApiAnswer, type Call } from "./exchange.js";
import { demandFilters } from "./query.js";

const nameOf = ({ names }: Call): string => names[0] ?? "";
const filterNames = ["dangling", "driver", "label", "name"];

/** A volume as the API has it; options of its driver there are none. */
export const volumeJson = (volume: Volume): object => ({ ...volume, Options: null });

function fits({ engine }: Call, one: Volume, key: string, value: string): boolean {
  switch (key) {
    case "dangling":
      return (engine.volumes.users(one.Name).length === 0) === (value === "true" || value === "1");
    case "driver":
      return one.Driver === value;
    case "label": {
      const [name = "", wanted] = value.split(/=(.*)/s);
      return name in one.Labels && (wanted === undefined || one.Labels[name] === wanted);
    }
    default:
      return one.Name.includes(value);
  }
}

export function list(call: Call): ApiAnswer {
  const filters = Object.entries(demandFilters(call.query.filters(), filterNames));
  const rows = call.engine.volumes
    .list()
    .filter((one) => filters.every(([key, values]) => values.some((value) => fits(call, one, key, value))));
  return answerJson({ Volumes: rows.map(volumeJson), Warnings: null });
}

export const inspect = (call: Call): ApiAnswer => answerJson(volumeJson(call.engine.volumes.get(nameOf(call))));

export function* create({ engine, body }: Call): Activity<ApiAnswer> {
  const asked = body();
  const driver = asked.text("Driver");
  if (driver !== undefined && driver !== "local")
    throw invalid(`error looking up volume plugin ${driver}: plugin "${driver}" not found`, "Use the driver local.");
  if (Object.keys(asked.textMap("DriverOpts") ?? {}).length > 0)
    throw invalid("this engine's volumes are directories and take no options", "Leave the options out.");
  return answerJson(volumeJson(yield* engine.volumes.create(asked.text("Name"), asked.textMap("Labels"))), 201);
}

export function* remove(call: Call): Activity<ApiAnswer> {
  yield* call.engine.volumes.remove(nameOf(call), call.query.flag("force"));
  return answerEmpty(204);
}

export function* prune({ engine, query, version }: Call): Activity<ApiAnswer> {
  const { volumes } = yield* engine.measureDisk();
  const filters = query.filters()["all"] ?? [];
  // Before 1.42 all that nobody had went, named or not.
  const all = version < 42 || filters.some((value) => value === "true" || value === "1");
  const gone = yield* engine.volumes.prune(all);
  const freed = gone.reduce((sum, name) => sum + (volumes.get(name) ?? 0), 0);
  return answerJson({ VolumesDeleted: gone.length === 0 ? null : gone, SpaceReclaimed: freed });
}
