import type { Activity } from "../../core/index.js";
import { answerJson, type ApiAnswer, type Call } from "./exchange.js";
import { credentialsOf } from "./images.js";

/** What a registry has under a name, without a pull: GET /distribution/NAME/json. */
export function* distribution(call: Call): Activity<ApiAnswer> {
  const { engine, names } = call;
  const { descriptor, platforms } = yield* engine.images.look(names[0] ?? "", credentialsOf(call));
  const { mediaType, digest, size } = descriptor;
  return answerJson({ Descriptor: { mediaType, digest, size }, Platforms: platforms });
}
