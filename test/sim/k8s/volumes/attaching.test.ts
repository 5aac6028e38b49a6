import { describe, expect, test } from "vitest";
import { minutes, s, type Nanos } from "../../../../sim/core/index.js";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { claim, column, field, onNode, phase, pod, started, toldNow } from "./stored.js";

describe("attaching", () => {
  test("what a pod wrote another finds on another node; one node at a time has the disk", () => {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.apply(pod("first", "a", onNode(1)));
    cluster.settle();
    expect(field(cluster, "node/node-1", "status", "volumesInUse")).toBe(
      '["kubernetes.io/csi/block.csi.virtlab^disk-00000001"]',
    );
    expect(field(cluster, "node/node-1", "status", "volumesAttached")).toContain("disk-00000001");
    expect(column(cluster, "volumeattachments", "Node")).toEqual(["node-1"]);
    const own = field(cluster, "pvc/a", "spec", "volumeName");
    expect(toldNow(cluster, "pod/first", "SuccessfulAttachVolume")).toContain(`succeeded for volume "${own}"`);
    cluster.apply(pod("second", "a", onNode(2)));
    cluster.run(minutes(3));
    expect(phase(cluster, "pod/second")).toBe("Pending");
    expect(toldNow(cluster, "pod/second", "FailedAttachVolume")).toBe(
      `FailedAttachVolume: Multi-Attach error for volume "${own}" Volume is already used by pod(s) first`,
    );
    cluster.delete("pod/first");
    cluster.run(minutes(1));
    expect(phase(cluster, "pod/second")).toBe("Running");
    expect(cluster.logs("second")).toBe("first second\n");
    expect(field(cluster, "node/node-1", "status", "volumesAttached")).toBe("[]");
    expect(cluster.storage.disks[0]?.node).toBe("node-2");
  });

  /** How long after its node was lost a pod with a disk runs elsewhere. */
  function moved(hurry: (cluster: Cluster) => void): Nanos {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.apply(pod("first", "a", onNode(1)));
    cluster.settle();
    cluster.stopKubelet("node-1");
    cluster.run(minutes(2));
    cluster.delete("pod/first", { gracePeriod: 0 as Nanos });
    cluster.apply(pod("second", "a", onNode(2)));
    hurry(cluster);
    const begun = cluster.world.engine.now;
    while (phase(cluster, "pod/second") !== "Running" && cluster.world.engine.now < begun + minutes(20))
      cluster.run(s(5));
    expect(cluster.logs("second")).toBe("first second\n");
    return (cluster.world.engine.now - begun) as Nanos;
  }

  test("from a node that is lost a disk is taken after six minutes; at once where it is said to be out of service", () => {
    const waited = moved(() => undefined);
    expect(waited).toBeGreaterThan(minutes(6));
    expect(waited).toBeLessThan(minutes(8));
    const hurried = moved((cluster) => {
      const taint = { key: "node.kubernetes.io/out-of-service", value: "shutdown", effect: "NoExecute" };
      cluster.patch("node/node-1", { spec: { taints: [taint] } });
    });
    expect(hurried).toBeLessThan(minutes(2));
  });

  test("a kubelet that was away knows again what its pods use", () => {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.apply(pod("p", "a", onNode(1)));
    cluster.settle();
    cluster.stopKubelet("node-1");
    cluster.run(s(20));
    cluster.startKubelet("node-1");
    cluster.settle();
    cluster.run(s(20));
    expect(field(cluster, "node/node-1", "status", "volumesInUse")).toContain("disk-00000001");
    expect(phase(cluster, "pod/p")).toBe("Running");
    cluster.delete("pod/p");
    cluster.run(minutes(1));
    expect(cluster.storage.disks[0]?.node).toBeUndefined();
    expect(cluster.get("volumeattachments").items).toEqual([]);
  });

  test("a controller that starts anew goes on from what the API has", () => {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.apply(pod("p", "a", onNode(1)));
    cluster.settle();
    cluster.stop("kube-controller-manager");
    cluster.delete("pod/p");
    cluster.run(s(30));
    expect(cluster.storage.disks[0]?.node).toBe("node-1");
    cluster.start("kube-controller-manager");
    cluster.run(minutes(1));
    expect(cluster.storage.disks[0]?.node).toBeUndefined();
  });
});
