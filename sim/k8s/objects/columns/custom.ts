import { evaluate } from "../json-path.js";
import { numberAt, stringAt, type JsonArray } from "../value.js";
import { age, ago, name, type Column } from "./column.js";

/** The columns that a CustomResourceDefinition describes: `additionalPrinterColumns`. */
export function customColumns(definitions: JsonArray): readonly Column[] {
  if (definitions.length === 0) return [name, age];
  return [
    name,
    ...definitions.map((definition): Column => {
      const path = stringAt(definition, "jsonPath") ?? "";
      const type = stringAt(definition, "type") ?? "string";
      return {
        title: stringAt(definition, "name") ?? "",
        type: type as Column["type"],
        priority: (numberAt(definition, "priority") ?? 0) > 0 ? 1 : 0,
        cell: (object, now) => {
          const [found] = evaluate(path, object);
          if (found === undefined || found === null) return type === "date" ? "<unknown>" : null;
          if (type === "date") return ago(found, now);
          return typeof found === "object" ? JSON.stringify(found) : found;
        },
      };
    }),
  ];
}
