import type { Role } from "../../../sim/core/index.js";

/**
 * Okabe and Ito's colour-blind-safe palette (Color Universal Design, 2008) in the order in which series without a role
 * take it. Its black and its yellow are left out: neither can be seen on both a black and a white page.
 */
export const palette: readonly string[] = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"];

/**
 * Text, axes and outlines: the grey that reads on white (4.5:1) as well as on the near-black of JupyterLab's dark theme
 * (4.2:1), for a picture does not know which page it will stand on.
 */
export const ink = "#767676";

/** Grid lines: a hint on either page. */
export const faint = "rgba(128,128,128,0.25)";

/**
 * The same thing has the same colour in every picture. The palette has six colours that fit both pages; a container, a
 * CPU and a fault take three more, chosen to stay apart from them under each kind of colour blindness.
 */
export const roleColours: Readonly<Record<Role, string>> = {
  guest: "#0072B2",
  host: "#E69F00",
  trap: "#D55E00",
  network: "#56B4E9",
  disk: "#CC79A7",
  memory: "#009E73",
  cpu: "#A0B080",
  container: "#A33BE0",
  fault: "#993300",
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
