import type { Shell } from "./state.js";

/**
 * `~` at a word's beginning: HOME. A user's home would come from /etc/passwd, which a pure expansion doesn't read: `~user`
 * is found among the homes that the shell has read.
 */
export function expandTilde(shell: Shell, text: string, value: string): string {
  const end = value.indexOf("/");
  const prefix = end < 0 ? value : value.slice(0, end);
  // A prefix of which a part was quoted is none.
  if (!text.startsWith(prefix)) return value;
  const home = prefix === "~" ? shell.variables.get("HOME") : shell.homes.get(prefix.slice(1));
  return home === undefined ? value : home + value.slice(prefix.length);
}

/** The same at the beginning and behind each colon, as in PATH=~/bin:~/sbin. */
export function expandTildes(shell: Shell, text: string, value: string, first = true): string {
  if (text !== value) return first ? expandTilde(shell, text, value) : value;
  return value
    .split(":")
    .map((piece, at) => ((at > 0 || first) && piece.startsWith("~") ? expandTilde(shell, piece, piece) : piece))
    .join(":");
}
