import type { Activity } from "../../core/index.js";
import type { NetworkInspect } from "../network/network.js";
import { invalid } from "../engine/errors.js";
import { readEndpoint } from "./create-request.js";
import { answerEmpty, answerJson, type ApiAnswer, type Call } from "./exchange.js";
import { demandFilters } from "./query.js";

const nameOf = ({ names }: Call): string => names[0] ?? "";
const filterNames = ["dangling", "driver", "id", "label", "name", "scope", "type"];

function fits(one: NetworkInspect, key: string, value: string): boolean {
  switch (key) {
    case "dangling":
      return (Object.keys(one.Containers).length === 0 && isCustom(one)) === (value === "true" || value === "1");
    case "driver":
      return one.Driver === value;
    case "id":
      return one.Id.startsWith(value);
    case "label": {
      const [name = "", wanted] = value.split(/=(.*)/s);
      return name in one.Labels && (wanted === undefined || one.Labels[name] === wanted);
    }
    case "name":
      return one.Name.includes(value);
    case "scope":
      return one.Scope === value;
    default:
      return isCustom(one) === (value === "custom");
  }
}

const isCustom = ({ Name }: NetworkInspect): boolean => !["bridge", "host", "none"].includes(Name);

export function list({ engine, query }: Call): ApiAnswer {
  const filters = Object.entries(demandFilters(query.filters(), filterNames));
  const rows = engine.networks
    .list()
    .filter((one) => filters.every(([key, values]) => values.some((value) => fits(one, key, value))));
  // Who is in one, only an inspection tells.
  return answerJson(rows.map((one) => ({ ...one, Containers: {} })));
}

export const inspect = (call: Call): ApiAnswer => answerJson(call.engine.networks.inspect(nameOf(call)));

export function* create({ engine, body }: Call): Activity<ApiAnswer> {
  const asked = body();
  const name = asked.text("Name");
  if (name === undefined) throw invalid("network name cannot be empty", "Name it.");
  if (asked.flag("EnableIPv6") === true) throw invalid("this engine's networks have no IPv6", "Leave it out.");
  const ipam = asked.at("IPAM");
  const driver = ipam.text("Driver");
  if (driver !== undefined && driver !== "default")
    throw invalid(`could not find plugin ${driver} in v1 plugin registry: plugin not found`, "Use the default.");
  const [first, ...more] = ipam.list("Config") ?? [];
  if (more.length > 0) throw invalid("this engine's networks have one subnet each", "Give one.");
  const made = yield* engine.networks.create({
    name,
    driver: asked.text("Driver"),
    internal: asked.flag("Internal"),
    attachable: asked.flag("Attachable"),
    options: asked.textMap("Options"),
    labels: asked.textMap("Labels"),
    ipam: { subnet: first?.text("Subnet"), gateway: first?.text("Gateway"), range: first?.text("IPRange") },
  });
  return answerJson({ Id: made.Id, Warning: "" }, 201);
}

export function* remove(call: Call): Activity<ApiAnswer> {
  yield* call.engine.networks.remove(nameOf(call));
  return answerEmpty(204);
}

export function* connect(call: Call): Activity<ApiAnswer> {
  const asked = call.body();
  const { engine } = call;
  engine.networks.inspect(nameOf(call));
  yield* engine.networks.connect(
    asked.text("Container") ?? "",
    nameOf(call),
    asked.has("EndpointConfig") ? readEndpoint(asked.at("EndpointConfig")) : {},
  );
  return answerEmpty(200);
}

export function* disconnect(call: Call): Activity<ApiAnswer> {
  const asked = call.body();
  call.engine.networks.inspect(nameOf(call));
  yield* call.engine.networks.disconnect(asked.text("Container") ?? "", nameOf(call));
  return answerEmpty(200);
}

export function* prune({ engine }: Call): Activity<ApiAnswer> {
  const gone = yield* engine.networks.prune();
  return answerJson({ NetworksDeleted: gone.length === 0 ? null : gone });
}
