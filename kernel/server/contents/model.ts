/** A file, notebook or folder as the interface knows it (jupyter-server's OpenAPI description, "Contents"). */
export interface Model {
  readonly name: string;
  readonly path: string;
  readonly type: "file" | "notebook" | "directory";
  readonly writable: boolean;
  /** ISO 8601. */
  readonly created: string;
  readonly last_modified: string;
  /** Bytes; null for a folder. */
  readonly size: number | null;
  readonly mimetype: string | null;
  readonly format: "text" | "base64" | "json" | null;
  /** A text, base64, a notebook, or a folder's models; null where it wasn't asked for. */
  readonly content: unknown;
  /** SHA-256 of the file, hexadecimal; only where it was asked for. */
  readonly hash?: string;
  readonly hash_algorithm?: "sha256";
}

export interface GetOptions {
  /** What it must be; found out where absent. */
  readonly type?: Model["type"];
  /** A file's: text fails where it is none, base64 never. */
  readonly format?: "text" | "base64";
  readonly content: boolean;
  readonly hash: boolean;
}

export interface Checkpoint {
  readonly id: string;
  readonly last_modified: string;
}

export const isNotebookName = (name: string): boolean => name.endsWith(".ipynb");
