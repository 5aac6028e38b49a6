import { isArray, isObject, type Json, show } from "./value.js";

/**
 * The JSONPath that CustomResourceDefinitions use: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.a['b.c']`,
 * `.list[0]`, `.list[*]`. What it doesn't know selects nothing.
 */
export function evaluate(path: string, value: Json): Json[] {
  let here: Json[] = [value];
  let rest = path.replace(/^\$/, "");
  while (rest !== "") {
    const [whole = "", , dotted, quoted, index, star, filterPath, wanted] =
      /^(\.([\w$-]+)|\.?\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]|(\[\*\]|\.\*)|\[\?\(@((?:\.[\w-]+)+)\s*==\s*["']([^"']*)["']\)\])/.exec(
        rest,
      ) ?? [];
    if (whole === "") return [];
    rest = rest.slice(whole.length);
    const key = dotted ?? quoted;
    if (key !== undefined)
      here = here.flatMap((each) =>
        isObject(each) && Object.hasOwn(each, key) && each[key] !== undefined ? [each[key]] : [],
      );
    else if (index !== undefined)
      here = here.flatMap((each) =>
        isArray(each) && each[Number(index)] !== undefined ? [each[Number(index)] ?? null] : [],
      );
    else if (star !== undefined)
      here = here.flatMap((each) =>
        isArray(each) ? [...each] : isObject(each) ? Object.values(each).filter((item) => item !== undefined) : [],
      );
    else {
      const matches = (item: Json): boolean => evaluate(filterPath ?? "", item).some((found) => show(found) === wanted);
      here = here.flatMap((each) => (isArray(each) ? each.filter(matches) : []));
    }
  }
  return here;
}
