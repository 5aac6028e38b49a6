import type { Rng } from "../../core/index.js";

/* Containers that nobody names are called after a mood and somebody of computing's history, as Docker does; the lists are ours. */
const moods = (
  "agile amber bold brisk calm candid cheerful clever cosmic curious daring deft eager earnest elated fearless fervent fluent " +
  "frosty gallant gentle gifted glad humble jolly keen kind lively lucid mellow merry mindful modest nimble noble patient " +
  "placid polite proud quick quiet quirky radiant ready serene sharp shiny silent sincere sleepy smart steady sturdy subtle " +
  "sunny swift tender thrifty tidy upbeat vivid warm wise witty zealous"
).split(" ");
const people = (
  "agesen allen babbage backus bartik boole brinch brooks cerf chandra codd corbato creasy curie dijkstra eckert engelbart " +
  "euler feynman floyd gauss goldberg goldstine hamilton hamming hoare holberton hopper kahn karp kay kilburn knuth lamport " +
  "lampson liskov lovelace mauchly mccarthy minsky naur neumann nygaard perlis pike popek ritchie rosenblum saltzer shannon " +
  "snyder spence stallman steele strachey sutherland tanenbaum thompson torvalds turing wilkes wirth zuse"
).split(" ");

/** A name that nobody has: "calm_hopper"; with a digit at its end where chance brings taken ones again and again. */
export function randomName(rng: Rng, taken: (name: string) => boolean): string {
  const pick = (words: readonly string[]): string => words[rng.uint32() % words.length] ?? "";
  for (let attempt = 0; ; attempt++) {
    // Beyond the first ones, the number makes room for as many containers as there may be.
    const name = `${pick(moods)}_${pick(people)}${attempt < 3 ? "" : String(rng.uint32() % 10 ** Math.min(9, attempt - 2))}`;
    if (!taken(name)) return name;
  }
}

/** 64 hexadecimal digits, of which the first 12 are not all decimal: a short id is never a number. */
export function randomId(rng: Rng): string {
  for (;;) {
    const id = Array.from({ length: 8 }, () => rng.uint32().toString(16).padStart(8, "0")).join("");
    if (!/^\d{12}/.test(id)) return id;
  }
}

const allowed = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Whether containers and volumes may be called so. */
export const isName = (name: string): boolean => allowed.test(name);
