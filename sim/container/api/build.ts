import type { Activity } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import type { BuildEvent, BuildOptions } from "../build/progress.js";
import { EngineError, invalid } from "../engine/errors.js";
import { hexOf } from "../image/digest.js";
import { bytesOf, gunzip, isGzip, readTar } from "../../userland/index.js";
import { familiarName, parseReference } from "../image/reference.js";
import { Field, parseJson } from "../json.js";
import { encodeUtf8, UsageError } from "../../core/index.js";
import type { ApiAnswer, Call } from "./exchange.js";
import { progressAnswer, type Tell } from "./open-answer.js";

/** A parameter that is a JSON object of texts; null stands for a variable that the client doesn't have. @throws EngineError 400 */
function texts({ query }: Call, name: string): Record<string, string> {
  const text = query.text(name);
  if (text === "") return {};
  try {
    const entries = new Field(parseJson(encodeUtf8(text), name), name).entries();
    return Object.fromEntries(entries.flatMap(([key, one]) => (one.absent ? [] : [[key, one.text()]])));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw invalid(`error reading ${name}: ${error.message}`, "Give a JSON object of texts.");
  }
}

const short = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

/**
 * The builder's words, as the classic builder has had them. What a step has made is told with the next one: of the last it is the image.
 */
function wordsFor(tell: Tell): { readonly hear: (event: BuildEvent) => void; readonly end: (id: string) => void } {
  let made: string | undefined;
  const flush = (): void => {
    if (made !== undefined) tell({ stream: ` ---> ${short(made)}\n` });
    made = undefined;
  };
  const hear = (event: BuildEvent): void => {
    if (event.kind === "step") flush();
    switch (event.kind) {
      case "step":
        tell({ stream: `Step ${event.index}/${event.count} : ${event.text}\n` });
        break;
      case "looked":
        if (event.cached) tell({ stream: " ---> Using cache\n" });
        break;
      case "output":
        tell({ stream: textOf(event.bytes) });
        break;
      case "made":
        made = event.id;
        break;
      case "warning":
        tell({ stream: `[Warning] ${event.text}\n` });
        break;
    }
  };
  return {
    hear,
    end(id) {
      made = id;
      flush();
    },
  };
}

/** What a command of the Dockerfile has returned: what the client ends with. 1 for all other mistakes. */
const codeOf = ({ message }: UsageError): number => Number(/returned a non-zero code: (\d+)$/.exec(message)?.[1] ?? 1);

/** POST /build: the body is the context. */
export function* build(call: Call): Activity<ApiAnswer> {
  const { engine, query, request } = call;
  if (query.text("version") === "2")
    throw invalid("this engine has the classic builder and no BuildKit", "Build with DOCKER_BUILDKIT=0.");
  if (query.text("remote") !== "")
    throw invalid("this engine takes contexts from a request alone", "Send the context as a tar archive.");
  const names = query.all("t").filter((name) => name !== "");
  for (const name of names) parseReference(name);
  const args = texts(call, "buildargs");
  const labels = texts(call, "labels");
  const archive = isGzip(request.body) ? gunzip(request.body) : request.body;
  const context = readTar(archive);
  const path = (query.text("dockerfile") || "Dockerfile").replace(/^(\.?\/)+/, "");
  const file = context.find(({ name, type }) => type === "file" && name.replace(/^\.\//, "") === path);
  if (file === undefined)
    throw new EngineError(500, `Cannot locate specified Dockerfile: ${path}`, "Send it with the context.");
  const target = query.text("target");
  const quiet = query.flag("q");
  const options: BuildOptions = {
    dockerfile: textOf(bytesOf(file)),
    context,
    args,
    labels,
    noCache: query.flag("nocache"),
    ...(target !== "" && { target }),
  };
  return yield* progressAnswer(
    call,
    function* (tell) {
      const words = wordsFor(tell);
      const { image } = yield* engine.build(names, quiet ? options : { ...options, tell: words.hear });
      if (quiet) {
        tell({ stream: `${image.id}\n` });
        return undefined;
      }
      words.end(image.id);
      tell({ aux: { ID: image.id } });
      tell({ stream: `Successfully built ${hexOf(image.id).slice(0, 12)}\n` });
      for (const name of names) tell({ stream: `Successfully tagged ${familiarName(parseReference(name))}\n` });
      return undefined;
    },
    codeOf,
  );
}
