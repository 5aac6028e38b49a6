import { homedir } from "node:os";
import { join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set and not empty, as Jupyter reads it. */
const set = (value: string | undefined): string | undefined => (value === "" ? undefined : value);

/**
 * Where Jupyter keeps a user's data (docs.jupyter.org/en/latest/use/jupyter-directories.html, "Data files"), in
 * which `kernels/` holds the kernelspecs.
 */
export function userDataFolder(platform: NodeJS.Platform, env: Environment): string {
  const given = set(env["JUPYTER_DATA_DIR"]);
  if (given !== undefined) return given;
  const home = homedir();
  if (platform === "darwin") return join(home, "Library", "Jupyter");
  if (platform === "win32") return join(set(env["APPDATA"]) ?? join(home, "AppData", "Roaming"), "jupyter");
  return join(set(env["XDG_DATA_HOME"]) ?? join(home, ".local", "share"), "jupyter");
}

/**
 * The file in which kernels keep the inputs of all sessions. The environment variable VIRTLAB_HISTORY names another
 * one, or says "off" for none.
 */
export function historyFile(platform: NodeJS.Platform, env: Environment): string | undefined {
  const given = set(env["VIRTLAB_HISTORY"]);
  if (given === "off") return undefined;
  return given === undefined ? join(userDataFolder(platform, env), "virtlab", "history.jsonl") : resolve(given);
}

/**
 * The user's trash on desktops that keep to freedesktop.org's specification; undefined on macOS and Windows, where only
 * the system's own programs may move files into it.
 */
export function trashFolder(platform: NodeJS.Platform, env: Environment): string | undefined {
  if (platform === "darwin" || platform === "win32") return undefined;
  return join(set(env["XDG_DATA_HOME"]) ?? join(homedir(), ".local", "share"), "Trash");
}

/** Where Jupyter looks for kernelspecs when nothing is known of its Python: the user's folder and the system's. */
export function dataFolders(platform: NodeJS.Platform, env: Environment): readonly string[] {
  const listed = (set(env["JUPYTER_PATH"]) ?? "").split(platform === "win32" ? ";" : ":").filter((path) => path !== "");
  const system =
    platform === "win32"
      ? [join(set(env["PROGRAMDATA"]) ?? "C:\\ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  return [...listed, userDataFolder(platform, env), ...system];
}
