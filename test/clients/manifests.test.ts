import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";
import { runKubectl, stockKubectl } from "./kubectl.js";

/** Of each application, in the order in which it is applied: its file, what must become ready, and how kubectl sees that. */
const applications: readonly { readonly file: string; readonly ready: readonly (readonly string[])[] }[] = [
  { file: "guestbook", ready: [available("guestbook")] },
  { file: "shop", ready: [available("shop"), rollout("shop", "ds/log-shipper")] },
  { file: "database", ready: [rollout("default", "sts/postgres")] },
  { file: "jobs", ready: [["wait", "-n", "batch", "--for=condition=complete", "job/pi", "job/render", "job/report"]] },
  { file: "operator", ready: [rollout("cache-system", "deploy/cache-operator")] },
  { file: "cache", ready: [["get", "caches", "sessions", "pages"]] },
];

/**
 * What kubectl patches each time, and a real server leaves as it is: text that a Secret keeps encoded; lists that are replaced whole, of
 * which the server has filled in more than the file says, as claims of a StatefulSet are, and every list of a kind that this kubectl
 * doesn't know (1.20: CronJob of batch/v1).
 */
const patchedAgain = new Set(["secret/postgres configured", "statefulset.apps/postgres configured"]);
const patchedByOld = new Set(["cronjob.batch/backup configured"]);

function available(namespace: string): readonly string[] {
  return ["wait", "-n", namespace, "--for=condition=Available", "deploy", "--all", "--timeout=60s"];
}

function rollout(namespace: string, what: string): readonly string[] {
  return ["rollout", "status", "-n", namespace, what, "--timeout=60s"];
}

describe.skipIf(stockKubectl === undefined)("applications as they are published, by the stock kubectl", () => {
  const cluster = lab({ seed: 8 }).kubernetes({ nodes: 3, storage: true });
  let served: ServedCluster;
  let home: string;

  beforeAll(async () => {
    served = await serve(cluster, { pace: 100 });
    home = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
  });
  afterAll(async () => {
    await served.close();
    rmSync(home, { recursive: true, force: true });
  });

  const ok = async (...args: readonly string[]): Promise<string[]> => {
    const { code, out, err } = await runKubectl(served.kubeconfig, home, args);
    expect(code, `kubectl ${args.join(" ")}: ${err}`).toBe(0);
    return out.trim().split("\n");
  };
  const path = (file: string): string => join(import.meta.dirname, "manifests", `${file}.yaml`);
  /** Everything that somebody may have made, but for what a cluster makes by itself. */
  const all = async (): Promise<string[]> => {
    const kinds =
      "pods,svc,deploy,rs,sts,ds,job,cj,hpa,cm,secret,sa,pvc,pdb,quota,limits,ing,netpol,ep,endpointslices,pc,ns,crd,clusterrole,clusterrolebinding,role,rolebinding";
    return (await ok("get", kinds, "-A", "-o", "name")).sort();
  };

  test("they become ready, applied again they stay as they are, deleted they leave nothing", async () => {
    const before = await all();
    for (const { file, ready } of applications) {
      for (const line of await ok("apply", "-f", path(file))) expect(line).toMatch(/ created$/);
      for (const args of ready) await ok(...args);
      for (const line of await ok("apply", "-f", path(file)))
        if (!patchedAgain.has(line) && !patchedByOld.has(line)) expect(line).toMatch(/ unchanged$/);
    }
    // What is patched with what it is stays the same revision.
    const revision = ["get", "sts/postgres", "-o", "jsonpath={.metadata.resourceVersion} {.metadata.generation}"];
    const was = await ok(...revision);
    await ok("apply", "-f", path("database"));
    expect(await ok(...revision)).toEqual(was);
    expect(await ok("get", "secret", "postgres", "-o", "jsonpath={.data.password}")).toEqual([
      Buffer.from("correct horse battery staple").toString("base64"),
    ]);
    const mode = "jsonpath={.spec.template.spec.volumes[?(@.secret)].secret.defaultMode}";
    expect(await ok("get", "sts", "postgres", "-o", mode)).toEqual(["256"]);
    expect(await ok("get", "pods", "-n", "shop", "--field-selector=status.phase!=Running", "-o", "name")).toEqual([""]);
    expect(await ok("get", "ch", "sessions", "-o", "jsonpath={.spec.eviction} {.spec.template.retries}")).toEqual([
      "lru 15",
    ]);
    expect(await ok("-n", "batch", "get", "job", "held", "-o", "jsonpath={.spec.suspend}")).toEqual(["true"]);

    for (const { file } of [...applications].reverse()) {
      // With a namespace goes what is in it, also before kubectl, which asks five times a second, has come to it.
      const gone = await ok("delete", "--ignore-not-found", "-f", path(file));
      for (const line of gone) expect(line).toMatch(/ deleted$/);
    }
    // Claims outlive their StatefulSet.
    expect(await ok("delete", "pvc", "--all")).toHaveLength(3);
    expect(await all()).toEqual(before);
  });

  test("the same in the cluster's own way, of which nothing is kubectl's", () => {
    const own = lab({ seed: 9 }).kubernetes({ nodes: 3, storage: true });
    for (const { file } of applications) {
      const text = readFileSync(path(file), "utf8");
      for (const row of own.apply(text).rows) expect(row["result"], String(row["object"])).toBe("created");
      own.settle();
      for (const row of own.apply(text).rows) expect(row["result"], String(row["object"])).toBe("unchanged");
    }
    const modes = own.get("sts/postgres").items.map((item) => JSON.stringify(item["spec"]).match(/"defaultMode":\d+/g));
    expect(modes).toEqual([['"defaultMode":365', '"defaultMode":256']]);
  });
});
