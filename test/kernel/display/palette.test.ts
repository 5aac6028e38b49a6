import { expect, test } from "vitest";
import { assignColours, ink, palette, roleColours, textOn } from "../../../kernel/display/picture/palette.js";
import { heatColour, viridis } from "../../../kernel/display/picture/heat.js";

type Rgb = [number, number, number];

/** Full dichromacy in linear RGB: Machado, Oliveira and Fernandes 2009, severity 1. */
const sight: Record<string, [Rgb, Rgb, Rgb]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (colour: string): Rgb =>
  [1, 3, 5].map((i) => {
    const c = parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Rgb;

const dot = (a: Rgb, b: Rgb): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Ottosson's OKLab, in which distances are about what the eye finds them. */
function oklab(colour: string, kind: string): Rgb {
  const seen = sight[kind]!.map((row) => Math.max(0, dot(row, linear(colour)))) as Rgb;
  const lms = [
    dot([0.4122214708, 0.5363325363, 0.0514459929], seen),
    dot([0.2119034982, 0.6806995451, 0.1073969566], seen),
    dot([0.0883024619, 0.2817188376, 0.6299787005], seen),
  ].map(Math.cbrt) as Rgb;
  return [
    dot([0.2104542553, 0.793617785, -0.0040720468], lms),
    dot([1.9779984951, -2.428592205, 0.4505937099], lms),
    dot([0.0259040371, 0.7827717662, -0.808675766], lms),
  ];
}

const apart = (a: string, b: string, kind: string): number => {
  const [x, y] = [oklab(a, kind), oklab(b, kind)];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
};

const luminance = (colour: string): number => dot([0.2126, 0.7152, 0.0722], linear(colour));

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const pages = ["#ffffff", "#111111"];

test.each(Object.keys(sight))("any two colours of the palette stay apart in %s vision", (kind) => {
  const pairs = palette.flatMap((a, i) => palette.slice(i + 1).map((b) => ({ a, b, distance: apart(a, b, kind) })));
  // A step that is just seen is about 0.02; orange and sky of the original palette are 0.076 apart at their worst.
  expect(pairs.filter(({ distance }) => distance < 0.06)).toEqual([]);
});

test("every colour can be seen on a white and on a black page, and the text's grey can be read", () => {
  for (const page of pages) {
    for (const colour of [...palette, ...Object.values(roleColours)]) expect(contrast(colour, page)).toBeGreaterThan(2);
    expect(contrast(ink, page)).toBeGreaterThan(4);
  }
});

test("text on a colour has the contrast that WCAG asks for", () => {
  for (const colour of [...palette, ...Object.values(roleColours)]) {
    expect(contrast(textOn(colour), colour)).toBeGreaterThan(4.5);
  }
});

test("a role keeps its colour whatever stands beside it, and no other thing takes it", () => {
  const [free, guest, again, other] = assignColours([
    { key: "a" },
    { key: "b", role: "guest" },
    { key: "a" },
    { key: "c" },
  ]);
  expect(guest).toBe(roleColours.guest);
  expect(free).not.toBe(guest);
  expect(again).toBe(free);
  expect(new Set([free, guest, other]).size).toBe(3);
});

test("viridis grows lighter from its first colour to its last", () => {
  const steps = Array.from({ length: 33 }, (_, i) => luminance(heatColour(i / 32)));
  expect(steps.every((light, i) => i === 0 || light > steps[i - 1]!)).toBe(true);
  expect(heatColour(0).toUpperCase()).toBe(viridis[0]);
  expect(heatColour(1).toUpperCase()).toBe(viridis.at(-1));
});
