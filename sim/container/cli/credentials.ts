/** What `docker login` keeps in ~/.docker/config.json: a name and a password in base64, as Docker does without a helper. */
import { decodeBase64, encodeBase64, encodeUtf8, type Activity } from "../../core/index.js";
import { textOf, type Headers } from "../../net/index.js";
import { parseReference } from "../image/reference.js";
import { parseJson, type Json } from "../json.js";
import { makeDirectories, readTextIfThere, writeText } from "../runtime/files.js";
import type { Context } from "./command.js";
import { fieldOf, mapAt, textAt } from "./rows.js";

const directoryOf = (it: Context): string =>
  it.variable("DOCKER_CONFIG") ?? `${it.variable("HOME") ?? "/root"}/.docker`;

/** Docker Hub's address, as it has been since there was only one registry. */
export const indexServer = "https://index.docker.io/v1/";

function* configOf(it: Context): Activity<Json> {
  const text = yield* readTextIfThere(it.sys, `${directoryOf(it)}/config.json`);
  return text === undefined || text.trim() === "" ? {} : parseJson(encodeUtf8(text), "config.json");
}

function* authsOf(it: Context): Activity<Map<string, string>> {
  return new Map(mapAt(fieldOf(yield* configOf(it)), "auths").map(([name, one]) => [name, textAt(one, "auth")]));
}

/** Keeps a name and a password for a registry; forgets them where there is none. @returns whether there was something to do */
export function* keepCredentials(
  it: Context,
  server: string,
  credentials?: { readonly username: string; readonly password: string },
): Activity<boolean> {
  const auths = yield* authsOf(it);
  const there = auths.delete(server);
  if (credentials === undefined && !there) return false;
  if (credentials !== undefined)
    auths.set(server, encodeBase64(encodeUtf8(`${credentials.username}:${credentials.password}`)));
  const config = yield* configOf(it);
  const next = {
    ...(config as object),
    auths: Object.fromEntries([...auths].map(([name, auth]) => [name, { auth }])),
  };
  yield* makeDirectories(it.sys, directoryOf(it), 0o700);
  yield* writeText(it.sys, `${directoryOf(it)}/config.json`, `${JSON.stringify(next, null, "\t")}\n`, true);
  return true;
}

/** What a request about an image says of who asks. */
export function* authFor(it: Context, image: string): Activity<Headers> {
  const { registry } = parseReference(image);
  const auth = (yield* authsOf(it)).get(registry === "docker.io" ? indexServer : registry);
  if (auth === undefined) return {};
  const [username = "", password = ""] = textOf(decodeBase64(auth)).split(/:(.*)/s);
  const json = encodeUtf8(JSON.stringify({ username, password, serveraddress: registry }));
  return { "x-registry-auth": encodeBase64(json).replaceAll("+", "-").replaceAll("/", "_") };
}
