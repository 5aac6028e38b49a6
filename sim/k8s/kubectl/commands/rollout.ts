import { ms, s, type Activity } from "../../../core/index.js";
import {
  listAt,
  numberAt,
  objectAt,
  omit,
  stringAt,
  type Draft,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { formatTime } from "../../objects/time.js";
import { failure, usage } from "../failure.js";
import { printDone } from "../printing.js";
import { titleOf, type Session, type Target } from "../session.js";
import { columns, tabbed } from "../text.js";
import { templateText } from "./describe-pod.js";
import { dryQuery, eachOf, timeoutOf } from "./manifests.js";

const strategic = "application/strategic-merge-patch+json";
const revisionKey = "deployment.kubernetes.io/revision";

/** `rollout status|history|undo|restart|pause|resume`. */
export function* rollout(session: Session): Activity<number> {
  const { line } = session;
  const [, verb = ""] = line.command.split(" ");
  if (verb === "") throw usage('unknown command for "kubectl rollout"', "rollout");
  const targets = yield* session.targets(line.args);
  return yield* eachOf(session, targets, function* (target) {
    switch (verb) {
      case "status":
        return yield* status(session, target);
      case "history":
        return yield* history(session, target);
      case "undo":
        return yield* undo(session, target);
      case "restart": {
        const restarted = { "kubectl.kubernetes.io/restartedAt": formatTime(Math.floor(session.now)) };
        return yield* patched(
          session,
          target,
          { spec: { template: { metadata: { annotations: restarted } } } },
          "restarted",
        );
      }
      default: {
        const paused = objectAt(yield* session.get(target), "spec")["paused"] === true;
        if (target.mapping.kind !== "Deployment")
          throw failure(
            `${target.mapping.plural} "${target.name}" ${verb === "pause" ? "pausing" : "resuming"} is not supported`,
          );
        if (paused === (verb === "pause"))
          throw failure(
            `deployments.apps "${target.name}" ${verb === "pause" ? "is already paused" : "is not paused"}`,
          );
        return yield* patched(session, target, { spec: { paused: verb === "pause" ? true : null } }, `${verb}d`);
      }
    }
  });
}

function* patched(session: Session, target: Target, body: JsonObject, done: string): Activity<void> {
  const made = yield* session.request("PATCH", session.path(target), {
    body,
    type: strategic,
    query: { fieldManager: "kubectl-rollout", ...dryQuery(session) },
  });
  yield* printDone(session, target.mapping, made, done);
}

/** What of a workload's progress is to be said (kubectl, `pkg/polymorphichelpers/rollout_status.go`), and whether it is at its end. */
function progress(object: KubeObject): { readonly text: string; readonly done: boolean; readonly failed?: string } {
  const { name = "", generation = 0 } = object.metadata;
  const of = (key: string): number => numberAt(object, "status", key) ?? 0;
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const observed = of("observedGeneration");
  if (object.kind === "Deployment") {
    if (generation > observed) return { text: "Waiting for deployment spec update to be observed...\n", done: false };
    const late = listAt(object, "status", "conditions").some(
      (each) => stringAt(each, "reason") === "ProgressDeadlineExceeded",
    );
    if (late) return { text: "", done: false, failed: `deployment "${name}" exceeded its progress deadline` };
    const [updated, all, available] = [of("updatedReplicas"), of("replicas"), of("availableReplicas")];
    const waiting = `Waiting for deployment "${name}" rollout to finish: `;
    if (updated < wanted)
      return { text: `${waiting}${updated} out of ${wanted} new replicas have been updated...\n`, done: false };
    if (all > updated)
      return { text: `${waiting}${all - updated} old replicas are pending termination...\n`, done: false };
    if (available < updated)
      return { text: `${waiting}${available} of ${updated} updated replicas are available...\n`, done: false };
    return { text: `deployment "${name}" successfully rolled out\n`, done: true };
  }
  if (object.kind === "DaemonSet") {
    if (generation > observed) return { text: "Waiting for daemon set spec update to be observed...\n", done: false };
    const desired = of("desiredNumberScheduled");
    const waiting = `Waiting for daemon set "${name}" rollout to finish: `;
    if (of("updatedNumberScheduled") < desired)
      return {
        text: `${waiting}${of("updatedNumberScheduled")} out of ${desired} new pods have been updated...\n`,
        done: false,
      };
    if (of("numberAvailable") < desired)
      return { text: `${waiting}${of("numberAvailable")} of ${desired} updated pods are available...\n`, done: false };
    return { text: `daemon set "${name}" successfully rolled out\n`, done: true };
  }
  if (observed === 0 || generation > observed)
    return { text: "Waiting for statefulset spec update to be observed...\n", done: false };
  if (of("readyReplicas") < wanted)
    return { text: `Waiting for ${wanted - of("readyReplicas")} pods to be ready...\n`, done: false };
  const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition");
  if (partition !== undefined) {
    const due = wanted - partition;
    if (of("updatedReplicas") < due)
      return {
        text: `Waiting for partitioned roll out to finish: ${of("updatedReplicas")} out of ${due} new pods have been updated...\n`,
        done: false,
      };
    return {
      text: `partitioned roll out complete: ${of("updatedReplicas")} new pods have been updated...\n`,
      done: true,
    };
  }
  const [update, current] = [
    stringAt(object, "status", "updateRevision"),
    stringAt(object, "status", "currentRevision"),
  ];
  if (update !== current)
    return {
      text: `waiting for statefulset rolling update to complete ${of("updatedReplicas")} pods at revision ${update ?? ""}...\n`,
      done: false,
    };
  return {
    text: `statefulset rolling update complete ${of("currentReplicas")} pods at revision ${current ?? ""}...\n`,
    done: true,
  };
}

function* status(session: Session, target: Target): Activity<void> {
  if (!["Deployment", "DaemonSet", "StatefulSet"].includes(target.mapping.kind))
    throw failure(`no status viewer has been implemented for "${target.mapping.group}", Kind=${target.mapping.kind}`);
  const { engine } = session.host.world;
  const end = engine.now + timeoutOf(session.line.value("timeout"), s(3600));
  let said = "";
  for (;;) {
    const { text, done, failed } = progress(yield* session.get(target));
    if (failed !== undefined) throw failure(failed);
    if (text !== said) yield* session.out((said = text));
    if (done || !session.line.is("watch", true)) return;
    if (engine.now >= end) throw failure("timed out waiting for the condition");
    yield* session.host.sleep(ms(100));
  }
}

interface Revision {
  readonly number: number;
  readonly cause: string;
  readonly template: JsonObject;
}

/** What a workload was, oldest first: a Deployment's ReplicaSets, the others' ControllerRevisions. */
function* revisions(
  session: Session,
  { mapping, namespace }: Target,
  object: KubeObject,
): Activity<readonly Revision[]> {
  const deployment = mapping.kind === "Deployment";
  const kept = yield* session.list(
    yield* session.mapping(deployment ? "replicasets" : "controllerrevisions"),
    namespace,
  );
  const own = kept.filter(
    ({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true,
  );
  return own
    .map((one) => ({
      number: deployment ? Number(one.metadata.annotations?.[revisionKey] ?? 0) : (numberAt(one, "revision") ?? 0),
      cause: one.metadata.annotations?.["kubernetes.io/change-cause"] ?? "<none>",
      template: deployment ? objectAt(one, "spec", "template") : objectAt(one, "data", "spec", "template"),
    }))
    .sort((a, b) => a.number - b.number);
}

function* history(session: Session, target: Target): Activity<void> {
  const object = yield* session.get(target);
  const all = yield* revisions(session, target, object);
  if (all.length === 0) {
    yield* session.out(`No rollout history found in ${target.mapping.plural} "${target.name}"\n`);
    return;
  }
  const wanted = Number(session.line.value("revision") ?? 0);
  if (wanted > 0) {
    const one = all.find(({ number }) => number === wanted);
    if (one === undefined) throw failure("unable to find the specified revision");
    yield* session.out(
      `${titleOf(target.mapping)}/${target.name} with revision #${wanted}\n${tabbed(templateText(one.template))}`,
    );
    return;
  }
  const rows = all.map(({ number, cause }) => [String(number), cause]);
  yield* session.out(
    `${titleOf(target.mapping)}/${target.name} \n${columns([["REVISION", "CHANGE-CAUSE"], ...rows], 0, 2)}\n`,
  );
}

function* undo(session: Session, target: Target): Activity<void> {
  const object = yield* session.get(target);
  if (objectAt(object, "spec")["paused"] === true)
    throw failure(
      `you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`,
    );
  const all = yield* revisions(session, target, object);
  const wanted = Number(session.line.value("to-revision") ?? 0);
  const one = wanted > 0 ? all.find(({ number }) => number === wanted) : all.at(-2);
  if (one === undefined)
    throw failure(
      wanted > 0
        ? "unable to find specified revision " + String(wanted) + " in history"
        : `no rollout history found for ${target.mapping.singular} "${target.name}"`,
    );
  const labels = omit(objectAt(one.template, "metadata", "labels"), "pod-template-hash");
  const template: Draft = {
    ...omit(one.template, "$patch"),
    metadata: { ...objectAt(one.template, "metadata"), labels },
  };
  const now = objectAt(object, "spec", "template");
  if (JSON.stringify(template["spec"]) === JSON.stringify(now["spec"]) && wanted > 0) {
    yield* session.out(
      `${titleOf(target.mapping)}/${target.name} skipped rollback (current template already matches revision ${wanted})\n`,
    );
    return;
  }
  const body = JSON.stringify([{ op: "replace", path: "/spec/template", value: template }]);
  const made = yield* session.request("PATCH", session.path(target), {
    body,
    type: "application/json-patch+json",
    query: dryQuery(session),
  });
  yield* printDone(session, target.mapping, made, "rolled back");
}
