/** Whether a relation holds for the sign of a comparison. */
export function holds(sign: number, operator: string): boolean {
  switch (operator) {
    case "<<":
    case "<":
      return sign < 0;
    case "<=":
      return sign <= 0;
    case "=":
      return sign === 0;
    case ">=":
      return sign >= 0;
    case ">>":
    case ">":
      return sign > 0;
    default:
      return true;
  }
}

/** Letters before all else that is no digit, and a tilde before everything, even the end (deb-version(7)). */
const weight = (letter: string | undefined): number =>
  letter === undefined
    ? 0
    : letter === "~"
      ? -1
      : /[a-z]/i.test(letter)
        ? letter.charCodeAt(0)
        : letter.charCodeAt(0) + 256;

function compareParts(one: string, other: string): number {
  let [a, b] = [one, other];
  while (a !== "" || b !== "") {
    const [textA = "", textB = ""] = [/^\D*/.exec(a)?.[0], /^\D*/.exec(b)?.[0]];
    for (let at = 0; at < Math.max(textA.length, textB.length); at++) {
      const difference = weight(textA[at]) - weight(textB[at]);
      if (difference !== 0) return difference;
    }
    [a, b] = [a.slice(textA.length), b.slice(textB.length)];
    const [numberA = "", numberB = ""] = [/^\d*/.exec(a)?.[0], /^\d*/.exec(b)?.[0]];
    if (Number(numberA) !== Number(numberB)) return Number(numberA) - Number(numberB);
    [a, b] = [a.slice(numberA.length), b.slice(numberB.length)];
  }
  return 0;
}

/** The order of Debian's versions, [EPOCH:]UPSTREAM[-REVISION] (deb-version(7)): below, at or above 0. */
export function compareDebian(one: string, other: string): number {
  const split = (text: string): readonly [number, string, string] => {
    const [, epoch = "0", rest = ""] = /^(?:(\d+):)?(.*)$/.exec(text) ?? [];
    const dash = rest.lastIndexOf("-");
    return [Number(epoch), dash < 0 ? rest : rest.slice(0, dash), dash < 0 ? "" : rest.slice(dash + 1)];
  };
  const [a, b] = [split(one), split(other)];
  return a[0] - b[0] || compareParts(a[1], b[1]) || compareParts(a[2], b[2]);
}

/** Suffixes of Alpine's versions, those before the release first (apk-package(5)). */
const suffixes = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];

/** The order of Alpine's versions, NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[-rNUMBER]: below, at or above 0. */
export function compareAlpine(one: string, other: string): number {
  const keys = (text: string): number[] => {
    const [, numbers = "", letter = "", marks = "", revision = "0"] =
      /^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:-r(\d+))?$/.exec(text) ?? [];
    const suffix = [...marks.matchAll(/_([a-z]+)(\d*)/g)].flatMap(([, word = "", number = ""]) => [
      suffixes.indexOf(word),
      Number(number),
    ]);
    const parts = numbers.split(".").map(Number);
    while (parts.length < 8) parts.push(-1);
    while (suffix.length < 4) suffix.push(suffix.length % 2 === 0 ? suffixes.indexOf("") : 0);
    return [...parts, letter === "" ? 0 : letter.charCodeAt(0), ...suffix, Number(revision)];
  };
  const [a, b] = [keys(one), keys(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
