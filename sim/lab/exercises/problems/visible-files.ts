import type { Problem } from "../problem.js";

/** A layer as its archive lists it: files by their paths, and marks (".wh.NAME", ".wh..wh..opq"). */
export type LayerPaths = readonly string[];

/** Which files a container of an image finds; the lowest layer comes first. */
export type VisibleFiles = (layers: readonly LayerPaths[]) => readonly string[];

const mark = ".wh.";
const opaque = ".wh..wh..opq";

function split(path: string): { readonly directory: string; readonly name: string } {
  const at = path.lastIndexOf("/") + 1;
  return { directory: path.slice(0, at), name: path.slice(at) };
}

const isMark = (path: string): boolean => split(path).name.startsWith(mark);

/** Whether a mark of a layer above hides a file. */
function hides(marked: string, file: string): boolean {
  const { directory, name } = split(marked);
  if (name === opaque) return file.startsWith(directory);
  const gone = `${directory}${name.slice(mark.length)}`;
  return file === gone || file.startsWith(`${gone}/`);
}

/** OCI's image-spec, layer.md, "Whiteouts": marks count for lower layers, those of a layer before its files. */
function stacked(layers: readonly LayerPaths[], hidden: typeof hides): readonly string[] {
  let files: string[] = [];
  for (const layer of layers) {
    const marks = layer.filter(isMark);
    const left = files.filter((file) => !marks.some((one) => hidden(one, file)));
    files = [...new Set([...left, ...layer.filter((path) => !isMark(path))])];
  }
  return files.sort();
}

const visible: VisibleFiles = (layers) => stacked(layers, hides);
const base: LayerPaths = ["bin/sh", "etc/app/a.conf", "etc/app/b.conf", "etc/hosts"];

export const visibleFiles: Problem<VisibleFiles> = {
  title: "What does a container see?",
  statement:
    'layers are an image\'s, the lowest first, each as the paths in its archive. ".wh.NAME" beside a path hides NAME, a file or a directory with all below it; ".wh..wh..opq" in a directory hides all that lower layers have in it. Return the paths of the files that a container finds, sorted.',
  hints: [
    "Go from the lowest layer up, with the files that are visible so far.",
    "A mark counts for the layers below, and not for its own: take away first, then add.",
    'Split each path at its last "/": before it the directory, behind it ".wh." and the name, or ".wh..wh..opq".',
  ],
  examples: [
    { about: "one layer", args: [[base]] },
    { about: "a file that a layer adds, and one that it replaces", args: [[base, ["etc/hosts", "srv/page"]]] },
    { about: "a file that is deleted", args: [[base, ["etc/.wh.hosts"]]] },
    { about: "a directory that is deleted", args: [[base, ["etc/.wh.app"]]] },
    { about: "deleted, and there again further up", args: [[base, ["etc/.wh.hosts"], ["etc/hosts"]]] },
    { about: "a directory that is replaced", args: [[base, ["etc/app/.wh..wh..opq", "etc/app/c.conf"]]] },
    { about: "the mark stands behind its layer's file", args: [[base, ["etc/app/c.conf", "etc/app/.wh..wh..opq"]]] },
    { about: "a name that begins alike", args: [[["etc/host", ...base], ["etc/.wh.host"]]] },
  ],
  reference: visible,
  slips: [
    {
      step: "a mark hides a path of the layers below, and is no file itself",
      solution: (layers) => [...new Set(layers.flat())].sort(),
    },
    {
      step: "a directory is hidden with all that is below it",
      solution: (layers) =>
        stacked(layers, (one, file) => (one.endsWith(opaque) ? hides(one, file) : one.replace(mark, "") === file)),
    },
    {
      step: ".wh..wh..opq hides what lower layers have in its directory",
      solution: (layers) => stacked(layers, (one, file) => !one.endsWith(opaque) && hides(one, file)),
    },
    {
      step: "what a layer hides, a layer above it may bring again",
      solution: (layers) => {
        const marks = layers.flat().filter(isMark);
        const files = layers.flat().filter((path) => !isMark(path) && !marks.some((one) => hides(one, path)));
        return [...new Set(files)].sort();
      },
    },
    {
      step: "a mark hides nothing of its own layer",
      solution: (layers) =>
        layers.reduce<readonly string[]>((files, layer) => {
          const marks = layer.filter(isMark);
          const all = [...new Set([...files, ...layer.filter((path) => !isMark(path))])];
          return all.filter((file) => !marks.some((one) => hides(one, file))).sort();
        }, []),
    },
    {
      step: "a name that only begins like the hidden one stays",
      solution: (layers) =>
        stacked(layers, (one, file) =>
          one.endsWith(opaque) ? hides(one, file) : file.startsWith(one.replace(mark, "")),
        ),
    },
  ],
};
