import { listAt, objectAt, stringAt, type JsonObject } from "../objects/value.js";

/** Ends a command: what it says on its standard error, and its exit status. */
export class KubectlFailure extends Error {
  override readonly name = "KubectlFailure";
  readonly status: number;

  constructor(text: string, status = 1) {
    super(text);
    this.status = status;
  }
}

export const failure = (text: string): KubectlFailure => new KubectlFailure(`error: ${text}`);

/** A mistake on the command line, as cobra words it. */
export const usage = (text: string, command: string): KubectlFailure =>
  new KubectlFailure(`Error: ${text}\nSee 'kubectl ${command} --help' for usage.`);

/** What the API server refused. */
export class Refused extends KubectlFailure {
  readonly answer: JsonObject;

  /** @param doing what was tried with which file: `error when creating "web.yaml"` */
  constructor(answer: JsonObject | undefined, doing = "") {
    super(refusal(answer ?? {}, doing));
    this.answer = answer ?? {};
  }

  get reason(): string {
    return stringAt(this.answer, "reason") ?? "";
  }
}

/** kubectl, `pkg/cmd/util/helpers.go`, StandardErrorMessage. */
function refusal(answer: JsonObject, doing: string): string {
  const reason = stringAt(answer, "reason") ?? "";
  const message = stringAt(answer, "message") ?? "the server rejected our request";
  if (reason === "Invalid") {
    const details = objectAt(answer, "details");
    const about = `The ${stringAt(details, "kind") ?? ""} "${stringAt(details, "name") ?? ""}" is invalid`;
    const causes = listAt(details, "causes").map(
      (cause) => `${stringAt(cause, "field") ?? ""}: ${stringAt(cause, "message") ?? ""}`,
    );
    if (causes.length === 0) return `${about}: ${message}`;
    return causes.length === 1
      ? `${about}: ${causes[0] ?? ""}`
      : `${about}: \n${causes.map((c) => `* ${c}`).join("\n")}`;
  }
  const said = doing === "" ? message : `${doing}: ${message}`;
  return reason === "" ? `Error from server: ${said}` : `Error from server (${reason}): ${said}`;
}
