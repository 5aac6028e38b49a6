import type { Role } from "../../../sim/core/index.js";

/**
 * Okabe and Ito's colour-blind-safe palette (Color Universal Design, 2008), in the order in which series without a role
 * take it. Its black and its yellow are left out: neither can be seen on both a black and a white page.
 */
const okabeIto = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  orange: "#E69F00",
  purple: "#CC79A7",
  sky: "#56B4E9",
};

/** Three more, chosen to stay apart from those and from each other under each kind of colour blindness. */
const further = { violet: "#A33BE0", rust: "#993300", sage: "#A0B080" };

export const palette: readonly string[] = [...Object.values(okabeIto), ...Object.values(further)];

/**
 * Text, axes and outlines: the grey that reads on white (4.5:1) as well as on the near-black of JupyterLab's dark theme
 * (4.2:1), for a picture does not know which page it will stand on.
 */
export const ink = "#767676";

/** Grid lines: a hint on either page. */
export const faint = "rgba(128,128,128,0.25)";

/** The same thing has the same colour in every picture. */
export const roleColours: Readonly<Record<Role, string>> = {
  guest: okabeIto.blue,
  host: okabeIto.orange,
  trap: okabeIto.vermillion,
  network: okabeIto.sky,
  disk: okabeIto.purple,
  memory: okabeIto.green,
  cpu: further.sage,
  container: further.violet,
  fault: further.rust,
  idle: "#B0B0B0",
  reference: ink,
};

/**
 * A colour for each thing: its role's, or the palette's next colour that no role of this picture has taken. Things with
 * the same key and no role share one colour.
 */
export function assignColours(things: readonly { readonly key: string; readonly role?: Role }[]): string[] {
  const taken = new Set(things.flatMap(({ role }) => (role === undefined ? [] : [roleColours[role]])));
  const free = palette.filter((colour) => !taken.has(colour));
  const choice = free.length > 0 ? free : palette;
  const given = new Map<string, string>();
  return things.map(({ key, role }) => {
    if (role !== undefined) return roleColours[role];
    const colour = given.get(key) ?? choice[given.size % choice.length] ?? ink;
    given.set(key, colour);
    return colour;
  });
}

function channels(colour: string): [number, number, number] {
  const at = (i: number): number => parseInt(colour.slice(i, i + 2), 16);
  return [at(1), at(3), at(5)];
}

/** The colour with an opacity, for fills that lie over others. */
export function translucent(colour: string, opacity: number): string {
  return `rgba(${channels(colour).join(",")},${opacity})`;
}

/** Black or white, whichever reads better on the colour (WCAG 2.2's relative luminance). */
export function textOn(colour: string): string {
  const [r, g, b] = channels(colour).map((c) => {
    const v = c / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#FFFFFF";
}
