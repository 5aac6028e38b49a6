/** What a call of the NT kernel fails with: ntstatus.h's names. */
export type NtStatus =
  | "STATUS_OBJECT_NAME_NOT_FOUND"
  | "STATUS_OBJECT_NAME_COLLISION"
  | "STATUS_OBJECT_TYPE_MISMATCH"
  | "STATUS_ACCESS_DENIED"
  | "STATUS_INVALID_CID"
  | "STATUS_ADDRESS_ALREADY_EXISTS"
  | "STATUS_INVALID_ADDRESS_COMPONENT"
  | "STATUS_QUOTA_EXCEEDED"
  | "STATUS_NOT_EMPTY";

export class NtError extends Error {
  override readonly name = "NtError";
  readonly code: NtStatus;

  constructor(code: NtStatus) {
    super(code);
    this.code = code;
  }
}

export function fail(code: NtStatus): never {
  throw new NtError(code);
}

export type ObjectType = "Directory" | "File" | "Key" | "Event" | "Section" | "Port" | "Device" | "Driver";

/** A named object; files, keys and sections hold text. */
export class NtObject {
  readonly type: ObjectType;
  readonly entries: Map<string, { readonly name: string; readonly object: NtObject }> = new Map();
  text: string;

  constructor(type: ObjectType, text = "") {
    this.type = type;
    this.text = text;
  }
}

/** What has objects below it. */
const holds = ({ type }: NtObject): boolean => type === "Directory" || type === "Key";

/** A name's parts; case doesn't count. */
const partsOf = (path: string): string[] => path.split("\\").filter((part) => part !== "");

/** The tree of all named objects. */
export class ObjectNamespace {
  readonly root: NtObject = new NtObject("Directory");

  find(path: string): NtObject | undefined {
    let at: NtObject | undefined = this.root;
    for (const part of partsOf(path)) at = at?.entries.get(part.toLowerCase())?.object;
    return at;
  }

  /** @throws STATUS_OBJECT_NAME_NOT_FOUND */
  demand(path: string): NtObject {
    return this.find(path) ?? fail("STATUS_OBJECT_NAME_NOT_FOUND");
  }

  /** Makes an object; with `above` the directories that it needs, too. @throws STATUS_OBJECT_NAME_COLLISION */
  create(path: string, object: NtObject, above?: "Directory" | "Key"): NtObject {
    const parts = partsOf(path);
    const last = parts.pop() ?? "";
    let at = this.root;
    for (const part of parts) {
      let next = at.entries.get(part.toLowerCase())?.object;
      if (next === undefined) {
        if (above === undefined) fail("STATUS_OBJECT_NAME_NOT_FOUND");
        next = new NtObject(above);
        at.entries.set(part.toLowerCase(), { name: part, object: next });
      }
      at = next;
    }
    if (!holds(at)) fail("STATUS_OBJECT_TYPE_MISMATCH");
    if (at.entries.has(last.toLowerCase())) fail("STATUS_OBJECT_NAME_COLLISION");
    at.entries.set(last.toLowerCase(), { name: last, object });
    return object;
  }

  /** @throws STATUS_OBJECT_NAME_NOT_FOUND, STATUS_NOT_EMPTY */
  delete(path: string): void {
    const parts = partsOf(path);
    const last = parts.pop() ?? "";
    const directory = this.demand(parts.join("\\"));
    const found = directory.entries.get(last.toLowerCase()) ?? fail("STATUS_OBJECT_NAME_NOT_FOUND");
    if (found.object.entries.size > 0) fail("STATUS_NOT_EMPTY");
    directory.entries.delete(last.toLowerCase());
  }

  names(path: string): string[] {
    return [...this.demand(path).entries.values()].map(({ name }) => name);
  }

  /** Every object below a name, with its path from there, those above first. */
  below(path: string, prefix = ""): { readonly path: string; readonly object: NtObject }[] {
    return [...(this.find(path)?.entries.values() ?? [])].flatMap(({ name, object }) => {
      const own = `${prefix}\\${name}`;
      return [{ path: own, object }, ...this.below(`${path}\\${name}`, own)];
    });
  }
}
