import { at, isObject, listAt, objectAt, stringAt, type JsonObject, type KubeObject, show } from "./value.js";

/** One condition on labels (apimachinery, `pkg/labels`). */
interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values: readonly string[];
}

/** All of these hold; an empty list selects everything. */
export type Selector = readonly Requirement[];

function holds({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

export const matches = (selector: Selector, labels: Readonly<Record<string, string>>): boolean =>
  selector.every((requirement) => holds(requirement, labels));

/** A `LabelSelector` of an object: `{ matchLabels, matchExpressions }`. */
export function parseLabelSelector(selector: JsonObject): Selector {
  const equalities = Object.entries(objectAt(selector, "matchLabels")).flatMap(([key, value]): Requirement[] =>
    typeof value === "string" ? [{ key, operator: "In", values: [value] }] : [],
  );
  const expressions = listAt(selector, "matchExpressions").map((expression): Requirement => ({
    key: stringAt(expression, "key") ?? "",
    operator: (stringAt(expression, "operator") ?? "In") as Requirement["operator"],
    values: listAt(expression, "values").filter((value) => typeof value === "string"),
  }));
  return [...equalities, ...expressions];
}

/** The text form: `app=web,tier in (a, b),!old`. @returns what is wrong with the text, as a string */
export function parseSelectorText(text: string): Selector | string {
  const requirements: Requirement[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const set = /^([^\s=!,()<>]+)\s+(in|notin)\s*\(([^()]*)\)\s*/.exec(rest);
    const compare = /^([^\s=!,()<>]+)\s*(==|=|!=|>|<)\s*([^\s=!,()<>]*)\s*/.exec(rest);
    const exists = /^(!?)\s*([^\s=!,()<>]+)\s*/.exec(rest);
    const [whole] = set ?? compare ?? exists ?? [];
    if (whole === undefined)
      return `unable to parse requirement: found '${rest.charAt(0)}', expected: !, identifier, or ','`;
    if (set !== null) {
      const [, key = "", word, values = ""] = set;
      requirements.push({
        key,
        operator: word === "in" ? "In" : "NotIn",
        values: values.split(",").map((value) => value.trim()),
      });
    } else if (compare !== null) {
      const [, key = "", sign, value = ""] = compare;
      const operator = sign === "!=" ? "NotIn" : sign === ">" ? "Gt" : sign === "<" ? "Lt" : "In";
      requirements.push({ key, operator, values: [value] });
    } else if (exists !== null) {
      requirements.push({ key: exists[2] ?? "", operator: exists[1] === "!" ? "DoesNotExist" : "Exists", values: [] });
    }
    rest = rest.slice(whole.length);
    if (rest === "") break;
    if (!rest.startsWith(","))
      return `unable to parse requirement: found '${rest.split(/[\s,]/)[0] ?? ""}', expected: ',' or 'end of string'`;
    rest = rest.slice(1).trim();
    if (rest === "") return "found '', expected: identifier after ','";
  }
  return requirements;
}

/** How a selector is written as text. */
export const selectorText = (selector: Selector): string =>
  selector
    .map(({ key, operator, values }) => {
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      if (operator === "Gt" || operator === "Lt") return `${key}${operator === "Gt" ? ">" : "<"}${values.join(",")}`;
      if (values.length === 1) return `${key}${operator === "In" ? "=" : "!="}${values.join(",")}`;
      return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
    })
    .join(",");

/** One condition on a field: `spec.nodeName=a`. */
export interface FieldRequirement {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

/** @returns what is wrong with the text, as a string */
export function parseFieldSelector(text: string): readonly FieldRequirement[] | string {
  if (text === "") return [];
  const requirements: FieldRequirement[] = [];
  for (const term of text.split(",")) {
    if (term === "") continue;
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null) return `invalid selector: '${text}'; can't understand '${term}'`;
    requirements.push({ path: match[1] ?? "", equal: match[2] !== "!=", value: match[3] ?? "" });
  }
  return requirements;
}

/** The fields by which a kind can be selected, beside its name and namespace (kubernetes, `pkg/apis/<group>/v1/conversion.go`). */
export const selectableFields: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    Pod: [
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "spec.hostNetwork",
      "status.phase",
      "status.podIP",
      "status.nominatedNodeName",
    ],
    Event: [
      "involvedObject.kind",
      "involvedObject.namespace",
      "involvedObject.name",
      "involvedObject.uid",
      "involvedObject.apiVersion",
      "involvedObject.resourceVersion",
      "involvedObject.fieldPath",
      "reason",
      "reportingComponent",
      "source",
      "type",
    ],
    Namespace: ["status.phase"],
    Node: ["spec.unschedulable"],
    Secret: ["type"],
    Service: ["spec.clusterIP", "spec.type"],
    ReplicaSet: ["status.replicas"],
    ReplicationController: ["status.replicas"],
    Job: ["status.successful"],
  }),
);

/** Of the few paths that can be selected by, their keys. */
const paths = new Map<string, readonly string[]>();

/** The text by which a field is selected; an absent one is empty, an absent flag `false`. */
export function fieldText(object: KubeObject, path: string): string {
  if (path === "source") return stringAt(object, "source", "component") ?? "";
  if (path === "status.successful") return fieldText(object, "status.succeeded") || "0";
  let keys = paths.get(path);
  if (keys === undefined) paths.set(path, (keys = path.split(".")));
  const value = at(object, ...keys);
  if (value === undefined || value === null)
    return /unschedulable|hostNetwork/.test(path) ? "false" : path === "status.replicas" ? "0" : "";
  return isObject(value) || Array.isArray(value) ? "" : show(value);
}
