import { formatDuration, UsageError, type SequenceView, type TraceRow, type World } from "../../core/index.js";

const server = "kube-apiserver";
const titles: Readonly<Record<string, string>> = {
  "system:kube-scheduler": "kube-scheduler",
  "system:kube-controller-manager": "kube-controller-manager",
};
/** A component as a picture names it. */
const actor = (user: string): string => titles[user] ?? user.replace(/^system:node:/, "kubelet ");

/** What the kubelet had its runtime do, by the events that tell it. */
const runtimeWords: Readonly<Record<string, string>> = {
  Pulling: "PullImage",
  Created: "CreateContainer",
  Started: "StartContainer",
  Killing: "StopContainer",
};

const text = (row: TraceRow, key: string): string => {
  const value = row[key];
  return typeof value === "string" ? value : "";
};

/** Names of what made an object, from itself up: `Pod/default/web-x`, its ReplicaSet, its Deployment. */
function lineage(rows: readonly TraceRow[], pod: string): readonly string[] {
  const line = [pod];
  for (;;) {
    const last = line.at(-1) ?? "";
    const owner = rows.find((row) => text(row, "object") === last && text(row, "owner") !== "");
    if (owner === undefined) return line;
    line.push(text(owner, "owner"));
  }
}

/**
 * Who called whom until a pod ran: writes to the API server, what its watches told, and what the kubelet had its runtime do, as the
 * world's trace has them.
 * @throws UsageError where the trace knows nothing of the pod
 */
export function birthOf(world: World, namespace: string, name: string): SequenceView {
  const pod = `Pod/${namespace}/${name}`;
  const rows = world.trace.rows();
  const line = lineage(rows, pod);
  const about = rows.filter((row) => {
    if (row.kind === "event") return row.source === "kubelet" && text(row, "object") === pod;
    return (row.kind === "api.write" || row.kind === "api.watch") && line.includes(text(row, "object"));
  });
  const born = about.findIndex((row) => row.kind === "api.write" && text(row, "object") === pod);
  if (born < 0)
    throw new UsageError(
      `the trace knows nothing of the pod ${namespace}/${name}`,
      "Ask for one made since this world began.",
    );
  const end = about.findIndex(
    (row) => row.kind === "api.write" && text(row, "object") === pod && text(row, "phase") === "Running",
  );
  const begin = about[0]?.time ?? 0;
  const messages: { from: string; to: string; label: string; reply?: boolean }[] = [];
  let node = "";
  // What is said of a controller's own status behind the pod's making is another story.
  const told = about.slice(0, end < 0 ? about.length : end + 1).filter((row, place) => {
    const own = text(row, "object") === pod || place < born;
    return own && !(row.kind === "api.write" && typeof row["code"] === "number" && row["code"] >= 400);
  });
  for (const row of told) {
    const after = `+${formatDuration(row.time - begin)}`;
    const [kind = "", , short = ""] = text(row, "object").split("/");
    const what = `${kind} ${short}`;
    if (row.kind === "event") {
      const word = runtimeWords[text(row, "reason")];
      if (word !== undefined)
        messages.push({ from: `kubelet ${node}`, to: "container runtime", label: `${word} ${after}` });
    } else if (row.kind === "api.write") {
      const subresource = text(row, "subresource");
      const path = subresource === "" ? what : `${what}/${subresource}`;
      const phase = subresource === "status" ? ` ${text(row, "phase")}` : "";
      messages.push({ from: actor(row.source), to: server, label: `${text(row, "method")} ${path}${phase} ${after}` });
    } else {
      if (row.source.startsWith("system:node:")) node = row.source.slice("system:node:".length);
      messages.push({
        from: server,
        to: actor(row.source),
        label: `${text(row, "type")} ${what} ${after}`,
        reply: true,
      });
    }
  }
  const participants = [...new Set(messages.flatMap(({ from, to }) => [from, to]))];
  return {
    as: "sequence",
    title: `How was the pod ${name} born?`,
    caption: `Dashed: what a watch tells. Times since the first request, in virtual time.`,
    participants,
    messages,
  };
}
