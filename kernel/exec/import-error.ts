/** A place in a local file, as stack frames show it. */
export interface FilePlace {
  /** The file as stack frames name it. */
  readonly shown: string;
  readonly line: number;
  readonly column: number;
}

/** A module can't be had; its first line says which, the second how to mend it. */
export class ImportError extends Error {
  override readonly name = "ImportError";

  /** @param place where it is imported, if that is in a local file; the cell's place is in the stack */
  constructor(message: string, hint: string, place?: FilePlace) {
    super(`${place === undefined ? "" : `${describePlace(place)}: `}${message}\n${hint}`);
    addFrame(this, place);
  }
}

export const describePlace = ({ shown, line, column }: FilePlace): string => `${shown}:${line}:${column}`;

/** Puts a file's place before the frames of an error's stack, whence its line is shown. */
export function addFrame(error: Error, place: FilePlace | undefined): void {
  if (place === undefined || error.stack === undefined) return;
  const frames = error.stack.split("\n").filter((line) => line.startsWith("    at "));
  error.stack = [`${error.name}: ${error.message}`, `    at ${describePlace(place)}`, ...frames].join("\n");
}
