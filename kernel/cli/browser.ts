import { spawn } from "node:child_process";

/** The program that opens an address in the user's browser. */
function opener(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === "darwin") return ["open"];
  // The empty pair of quotes is the window's title, for which `start` would take the address.
  if (platform === "win32") return ["cmd", "/c", "start", '""'];
  return ["xdg-open"];
}

/** Whether there is a screen that a browser could appear on. */
export function hasScreen(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): boolean {
  if (platform !== "linux") return true;
  const set = (name: string): boolean => (env[name] ?? "") !== "";
  return set("DISPLAY") || set("WAYLAND_DISPLAY") || set("BROWSER");
}

/** Opens an address in the browser, where there is one; the address is printed anyway. */
export function openBrowser(address: string, env: NodeJS.ProcessEnv): void {
  if (!hasScreen(process.platform, env)) return;
  const [program, ...args] = opener(process.platform);
  const child = spawn(program, [...args, address], { stdio: "ignore", detached: true, env });
  child.on("error", () => undefined);
  child.unref();
}
