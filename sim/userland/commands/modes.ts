/** -rwxr-xr-x of a mode, as ls(1) shows it. */
export function showMode(mode: number): string {
  const type =
    { 0o140000: "s", 0o120000: "l", 0o100000: "-", 0o060000: "b", 0o040000: "d", 0o020000: "c", 0o010000: "p" }[
      mode & 0o170000
    ] ?? "?";
  const bits = Array.from("rwxrwxrwx").map((letter, at) => ((mode & (0o400 >> at)) !== 0 ? letter : "-"));
  const special = (bit: number, at: number, letter: string): void => {
    if ((mode & bit) !== 0) bits[at] = bits[at] === "x" ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, "s");
  special(0o2000, 5, "s");
  special(0o1000, 8, "t");
  return type + bits.join("");
}

/** The new mode by chmod(1)'s octal or symbolic one; undefined where that is none. */
export function changedMode(text: string, mode: number, umask: number): number | undefined {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  let bits = mode & 0o7777;
  const isDirectory = (mode & 0o170000) === 0o040000;
  for (const clause of text.split(",")) {
    const found = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
    if (found === null) return undefined;
    const [, who = "", actions = ""] = found;
    const all = who === "" || who.includes("a");
    for (const [, operator = "", letters = ""] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      let mask = 0;
      for (const [letter, shift] of [
        ["u", 6],
        ["g", 3],
        ["o", 0],
      ] as const) {
        if (!all && !who.includes(letter)) continue;
        let value = 0;
        if (letters.includes("r")) value |= 4;
        if (letters.includes("w")) value |= 2;
        if (letters.includes("x") || (letters.includes("X") && (isDirectory || (bits & 0o111) !== 0))) value |= 1;
        if (letters === "u") value = (bits >> 6) & 7;
        if (letters === "g") value = (bits >> 3) & 7;
        if (letters === "o") value = bits & 7;
        mask |= value << shift;
        if (letters.includes("s")) mask |= letter === "u" ? 0o4000 : letter === "g" ? 0o2000 : 0;
      }
      if (letters.includes("t")) mask |= 0o1000;
      if (who === "") mask &= ~umask;
      if (operator === "+") bits |= mask;
      else if (operator === "-") bits &= ~mask;
      else {
        const cleared = all
          ? 0o777
          : [
              ["u", 0o4700],
              ["g", 0o2070],
              ["o", 0o0007],
            ].reduce((sum, [letter, part]) => sum | (who.includes(String(letter)) ? Number(part) : 0), 0);
        bits = (bits & ~cleared) | mask;
      }
    }
  }
  return bits;
}

/** 1.5K, 12M: as -h shows bytes, rounded up. */
export function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= 1024) {
    value /= 1024;
    unit++;
  }
  const letter = "KMGTPE"[unit] ?? "";
  const tenth = Math.ceil(value * 10) / 10;
  if (tenth < 10) return `${tenth.toFixed(1)}${letter}`;
  const whole = Math.ceil(value);
  return whole >= 1024 ? `1.0${"KMGTPE"[unit + 1] ?? ""}` : `${whole}${letter}`;
}
