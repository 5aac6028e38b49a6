/** Streams of JSON lines as a client without a terminal shows them: docker's pkg/jsonmessage. */
import type { Activity } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { parseJson, type Field } from "../json.js";
import { CliError, type Conversation } from "./client.js";
import { fieldOf, numberAt, textAt } from "./rows.js";
import { encode } from "../../userland/index.js";

/** The values of a conversation of JSON lines, one after the other. */
export function* eachLine(conversation: Conversation, take: (line: Field) => Activity<undefined>): Activity<undefined> {
  let rest = "";
  for (let bytes = yield* conversation.read(); bytes.length > 0; bytes = yield* conversation.read()) {
    const lines = (rest + textOf(bytes)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines)
      if (line.trim() !== "") yield* take(fieldOf(parseJson(encode(line.trim()), "the daemon's answer")));
  }
  yield* conversation.close();
  return undefined;
}

/**
 * Prints what a pull, a push, a build or a load tells. Bars are a terminal's, and so left out.
 * @param aux told what isn't for people: an image's id
 * @throws CliError with the status that an error's line has
 */
export function* showProgress(
  conversation: Conversation,
  print: (text: string) => Activity<undefined>,
  aux: (value: Field) => void = () => undefined,
): Activity<undefined> {
  return yield* eachLine(conversation, function* (line) {
    const error = line.at("errorDetail");
    if (!error.absent) {
      const code = numberAt(error, "code");
      throw new CliError(textAt(error, "message"), code === 0 ? 1 : code);
    }
    if (!line.at("aux").absent) {
      aux(line.at("aux"));
      return undefined;
    }
    const stream = textAt(line, "stream");
    if (stream !== "") return yield* print(stream);
    const detail = line.at("progressDetail");
    if (!detail.absent && (numberAt(detail, "current") > 0 || numberAt(detail, "total") > 0)) return undefined;
    const id = textAt(line, "id");
    const status = textAt(line, "status");
    if (status === "" && id === "") return undefined;
    return yield* print(`${id === "" ? "" : `${id}: `}${status}\n`);
  });
}
