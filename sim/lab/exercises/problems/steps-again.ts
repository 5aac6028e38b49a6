import type { Problem } from "../problem.js";

/** A step of a Dockerfile, and the files of the context that it reads. */
export type BuildStep = { readonly text: string; readonly reads: readonly string[] };

/** Which steps a build executes again when some of the context's files have changed since the last one. */
export type StepsAgain = (steps: readonly BuildStep[], changed: readonly string[]) => readonly string[];

const touched = ({ reads }: BuildStep, changed: readonly string[]): boolean =>
  reads.some((file) => changed.includes(file));
const texts = (steps: readonly BuildStep[]): readonly string[] => steps.map(({ text }) => text);

/** Docker's documentation, "Build cache invalidation": a step that changes makes all behind it new. */
const again: StepsAgain = (steps, changed) => {
  const first = steps.findIndex((step) => touched(step, changed));
  return first < 0 ? [] : texts(steps.slice(first));
};

const site: BuildStep = { text: "COPY site .", reads: ["index.html", "logo.svg"] };
const list: BuildStep = { text: "COPY packages.txt .", reads: ["packages.txt"] };
const install: BuildStep = { text: "RUN install", reads: [] };
const all: BuildStep = { text: "COPY . .", reads: ["index.html", "logo.svg", "packages.txt"] };
const settings: BuildStep = { text: "COPY nginx.conf .", reads: ["nginx.conf"] };

export const stepsAgain: Problem<StepsAgain> = {
  title: "What is executed again?",
  statement:
    "steps are a Dockerfile's, from the top, each with the files that it reads; changed are the files that are different from those of the last build. Return the texts of the steps that are executed again, in their order.",
  hints: [
    "A step's layer is a change to the file system that the steps above it left. What if that is another one?",
    "Find the first step that reads a changed file. All above it come from the cache.",
    "const first = steps.findIndex(({ reads }) => reads.some((file) => changed.includes(file))); then mind first < 0.",
  ],
  examples: [
    { about: "nothing has changed", args: [[list, install, site], []] },
    { about: "the source, copied last", args: [[list, install, site], ["index.html"]] },
    { about: "the source, copied first", args: [[all, install], ["index.html"]] },
    { about: "the list of packages", args: [[list, install, site], ["packages.txt"]] },
    { about: "a step between that reads nothing of it", args: [[site, settings, install], ["logo.svg"]] },
    { about: "a file that no step reads", args: [[list, install], ["README.md"]] },
    {
      about: "two changes",
      args: [
        [settings, list, install, site],
        ["index.html", "packages.txt"],
      ],
    },
  ],
  reference: again,
  slips: [
    {
      step: "what stands behind a changed step is built on it, and is executed too",
      solution: (steps, changed) => texts(steps.filter((step) => touched(step, changed))),
    },
    {
      step: "the changed step itself is executed",
      solution: (steps, changed) => again(steps, changed).slice(1),
    },
    {
      step: "what stands above the first changed step comes from the cache",
      solution: (steps, changed) => (again(steps, changed).length > 0 ? texts(steps) : []),
    },
    {
      step: "of several changed steps the first counts",
      solution: (steps, changed) => {
        const last = steps.findLastIndex((step) => touched(step, changed));
        return last < 0 ? [] : texts(steps.slice(last));
      },
    },
  ],
};
