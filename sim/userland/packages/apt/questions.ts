import type { Activity } from "../../../core/index.js";
import { Failure, type Invocation } from "../../program/command.js";
import { DpkgDatabase } from "../dpkg/database.js";
import { glob } from "../dpkg/dpkg.js";
import { readTextOf } from "../files.js";
import { paragraphText, readParagraphs } from "../paragraphs.js";
import { architectureOf, extendedStates } from "./carry-out.js";
import { readCandidates, type Candidate } from "./lists.js";
import { nameOf, newest, versionOf } from "./resolver.js";

/** What the lists say. */
function* known(it: Invocation): Activity<readonly Candidate[]> {
  return yield* readCandidates(it.sys, yield* architectureOf(it.sys));
}

export function* show(it: Invocation, words: readonly string[]): Activity<number> {
  const all = yield* known(it);
  const missing = words.filter((word) => !all.some(({ fields }) => nameOf(fields) === word));
  for (const word of words)
    for (const { fields } of all) if (nameOf(fields) === word) it.out.put(`${paragraphText(fields)}\n`);
  for (const word of missing) yield* it.tell(`N: Unable to locate package ${word}`);
  if (missing.length < words.length) return 0;
  throw new Failure("E: No packages found", 100);
}

export function* search(it: Invocation, words: readonly string[]): Activity<number> {
  const tests = words.map((word) => new RegExp(word, "i"));
  for (const { fields } of (yield* known(it)).toSorted((a, b) => (nameOf(a.fields) < nameOf(b.fields) ? -1 : 1))) {
    const about = fields.get("Description") ?? "";
    if (tests.every((one) => one.test(nameOf(fields)) || one.test(about))) it.out.put(`${nameOf(fields)} - ${about}\n`);
  }
  return 0;
}

export function* policy(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  const candidates = newest(yield* known(it));
  for (const word of words) {
    const best = candidates.get(word);
    const here = database.isInstalled(word) ? database.packages.get(word)?.get("Version") : undefined;
    if (best === undefined && here === undefined) continue;
    const version = best === undefined ? here : versionOf(best.fields);
    it.out.put(`${word}:\n  Installed: ${here ?? "(none)"}\n  Candidate: ${version ?? ""}\n  Version table:\n`);
    it.out.put(` ${here === version ? "***" : "   "} ${version ?? ""} 500\n`);
    if (best !== undefined)
      it.out.put(
        `        500 ${best.source.url} ${best.source.suite}/${best.component} ${best.fields.get("Architecture") ?? ""} Packages\n`,
      );
    if (here !== undefined) it.out.put("        100 /var/lib/dpkg/status\n");
  }
  return 0;
}

export function* list(it: Invocation, words: readonly string[]): Activity<number> {
  const database = yield* DpkgDatabase.open(it.sys);
  const state = readParagraphs(yield* readTextOf(it.sys, extendedStates)).map(nameOf);
  const candidates = newest(yield* known(it));
  it.out.put("Listing...\n");
  const names = new Set([...candidates.keys(), ...database.present().map(nameOf)]);
  for (const name of [...names].sort()) {
    const installed = database.isInstalled(name);
    if ((it.has("installed") && !installed) || (words.length > 0 && !words.some((word) => glob(word).test(name))))
      continue;
    const fields = candidates.get(name)?.fields ?? database.packages.get(name);
    const origin = candidates.has(name) ? `stable${installed ? ",now" : ""}` : "now";
    const mark = installed
      ? state.includes(name)
        ? " [installed,automatic]"
        : candidates.has(name)
          ? " [installed]"
          : " [installed,local]"
      : "";
    it.out.put(`${name}/${origin} ${fields?.get("Version") ?? ""} ${fields?.get("Architecture") ?? ""}${mark}\n`);
  }
  return 0;
}
