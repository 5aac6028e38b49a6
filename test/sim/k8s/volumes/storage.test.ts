import { describe, expect, test } from "vitest";
import { minutes, s } from "../../../../sim/core/index.js";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { at, show } from "../../../../sim/k8s/objects/value.js";
import { realCluster, told } from "../node/real-cluster.js";
import { claim, column, field, onNode, ownName, phase, pod, started, toldNow, volume } from "./stored.js";

describe("claims and volumes", () => {
  test("a claim gets the smallest volume that has its size, class, modes and labels, or the one it names", () => {
    const cluster = started({ storage: false });
    cluster.apply(volume("small", "1Gi"));
    cluster.apply(volume("middle", "5Gi"));
    cluster.apply(volume("large", "50Gi", "", "{disk: ssd}"));
    cluster.apply(volume("classed", "2Gi", "  storageClassName: fast"));
    cluster.settle();
    expect(column(cluster, "pv", "Status")).toEqual(["Available", "Available", "Available", "Available"]);
    cluster.apply(claim("a", "", "2Gi"));
    cluster.apply(claim("b", "  selector: {matchLabels: {disk: ssd}}"));
    cluster.apply(claim("c", "  storageClassName: fast"));
    cluster.apply(claim("d", "  volumeName: small"));
    cluster.apply(claim("e", "", "1Gi", "ReadWriteMany"));
    cluster.settle();
    expect(["a", "b", "c", "d", "e"].map((name) => field(cluster, `pvc/${name}`, "spec", "volumeName"))).toEqual([
      "middle",
      "large",
      "classed",
      "small",
      "",
    ]);
    expect(column(cluster, "pvc", "Status")).toEqual(["Bound", "Bound", "Bound", "Bound", "Pending"]);
    expect(field(cluster, "pvc/a", "status", "capacity", "storage")).toBe("5Gi");
    expect(told(cluster, "pvc/e")).toContain(
      "FailedBinding: no persistent volumes available for this claim and no storage class is set",
    );
  });

  test("one that names too small a volume hears why", () => {
    const cluster = started({ storage: false });
    cluster.apply(volume("small", "1Gi"));
    cluster.apply(claim("a", "  volumeName: small", "2Gi"));
    cluster.settle();
    expect(phase(cluster, "pvc/a")).toBe("Pending");
    expect(told(cluster, "pvc/a")).toEqual([
      'VolumeMismatch: Cannot bind to requested volume "small": requested PV is too small',
    ]);
  });

  test("what is kept is released and nobody's, until its claimRef is taken away; a claim that lost its volume says so", () => {
    const cluster = started({ storage: false });
    cluster.apply(volume("kept", "1Gi"));
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.delete("pvc/a");
    cluster.settle();
    expect(phase(cluster, "pv/kept")).toBe("Released");
    cluster.apply(claim("b"));
    cluster.settle();
    expect(phase(cluster, "pvc/b")).toBe("Pending");
    cluster.patch("pv/kept", { spec: { claimRef: null } });
    cluster.settle();
    expect(phase(cluster, "pvc/b")).toBe("Bound");
    // It is protected while it is bound.
    cluster.delete("pv/kept");
    cluster.settle();
    expect(column(cluster, "pv", "Status")).toEqual(["Terminating"]);
    cluster.patch("pv/kept", { metadata: { finalizers: null } });
    cluster.settle();
    expect(phase(cluster, "pvc/b")).toBe("Lost");
    expect(toldNow(cluster, "pvc/b", "ClaimLost")).toBe(
      "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    );
  });

  test("with a class a volume is made, kept while a pod uses it, and deleted with its claim", () => {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.apply(pod("p", "a"));
    cluster.settle();
    expect(column(cluster, "pvc", "Status")).toEqual(["Bound"]);
    expect(phase(cluster, "pod/p")).toBe("Running");
    expect(cluster.storage.disks).toEqual([
      { handle: "disk-00000001", size: 2 ** 30, node: expect.any(String) as string },
    ]);
    cluster.delete("pvc/a");
    cluster.settle();
    expect(column(cluster, "pvc", "Status")).toEqual(["Terminating"]);
    cluster.delete("pod/p");
    cluster.settle();
    expect(cluster.get("pvc").items).toEqual([]);
    cluster.run(minutes(1));
    expect(cluster.get("pv").items).toEqual([]);
    expect(cluster.storage.disks).toEqual([]);
  });

  test("a class that isn't there, and a mode that a disk can't have, are said as events", () => {
    const cluster = started();
    cluster.apply(claim("a", "  storageClassName: gold"));
    cluster.apply(claim("b", "", "1Gi", "ReadWriteMany"));
    cluster.settle();
    expect(told(cluster, "pvc/a")).toContain('ProvisioningFailed: storageclass.storage.k8s.io "gold" not found');
    expect(toldNow(cluster, "pvc/b", "ProvisioningFailed")).toContain("a disk can't be ReadWriteMany");
    cluster.stop("csi-controller");
    cluster.apply(claim("c"));
    cluster.settle();
    expect(phase(cluster, "pvc/c")).toBe("Pending");
    cluster.start("csi-controller");
    cluster.settle();
    expect(phase(cluster, "pvc/c")).toBe("Bound");
  });

  test("a claim grows where its class lets it, and only then", () => {
    const cluster = started();
    cluster.apply(claim("a"));
    cluster.settle();
    cluster.patch("pvc/a", { spec: { resources: { requests: { storage: "3Gi" } } } });
    cluster.settle();
    expect(field(cluster, "pvc/a", "status", "capacity", "storage")).toBe("3Gi");
    expect(cluster.storage.disks.map(({ size }) => size)).toEqual([3 * 2 ** 30]);
    expect(() => {
      cluster.patch("pvc/a", { spec: { resources: { requests: { storage: "2Gi" } } } });
    }).toThrow("field can not be less than status.capacity");
    cluster.patch("sc/standard", { allowVolumeExpansion: false });
    expect(() => {
      cluster.patch("pvc/a", { spec: { resources: { requests: { storage: "9Gi" } } } });
    }).toThrow("must support resize");
  });
});

describe("where a pod may be", () => {
  const zoned = (): Cluster => {
    const cluster = started({ nodes: 4, labels: { "topology.kubernetes.io/zone": "a" } });
    for (const node of ["node-3", "node-4"])
      cluster.patch(`node/${node}`, { metadata: { labels: { "topology.kubernetes.io/zone": "b" } } });
    cluster.settle();
    return cluster;
  };

  test("a class that waits has the disk made where the first pod goes, and later pods go where the disk is", () => {
    const cluster = zoned();
    cluster.apply(claim("a"));
    cluster.settle();
    expect(toldNow(cluster, "pvc/a", "WaitForFirstConsumer")).toBe(
      "WaitForFirstConsumer: waiting for first consumer to be created before binding",
    );
    expect(cluster.storage.disks).toEqual([]);
    cluster.apply(pod("p", "a", '  nodeSelector: {"kubernetes.io/hostname": node-3}'));
    cluster.settle();
    expect(phase(cluster, "pod/p")).toBe("Running");
    const [made] = cluster.get("pv").items;
    expect(show(at(made, "spec", "nodeAffinity", "required", "nodeSelectorTerms"))).toContain('"values":["b"]');
    cluster.delete("pod/p");
    cluster.settle();
    cluster.apply(pod("q", "a"));
    cluster.settle();
    expect(["node-3", "node-4"]).toContain(field(cluster, "pod/q", "spec", "nodeName"));
    cluster.apply(pod("r", "a", '  nodeSelector: {"kubernetes.io/hostname": node-1}'));
    cluster.settle();
    expect(toldNow(cluster, "pod/r", "FailedScheduling")).toContain("volume node affinity conflict");
  });

  test("a pod goes to the node that has a local volume which fits its claim", () => {
    const cluster = started({ storage: false });
    cluster.apply(`
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`);
    cluster.apply(
      volume("disk", "5Gi").replace(
        /hostPath:.*/,
        `storageClassName: local
  local: {path: /mnt/disk}
  nodeAffinity:
    required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-2]}]}]}`,
      ),
    );
    cluster.apply(claim("a", "  storageClassName: local"));
    cluster.apply(pod("p", "a"));
    cluster.settle();
    expect(field(cluster, "pod/p", "spec", "nodeName")).toBe("node-2");
    expect(phase(cluster, "pvc/a")).toBe("Bound");
    cluster.apply(claim("b", "  storageClassName: local"));
    cluster.apply(pod("q", "b"));
    cluster.settle();
    expect(toldNow(cluster, "pod/q", "FailedScheduling")).toContain(
      "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind",
    );
    const plugins = cluster.explain("q").rows.map((row) => Object.values(row).join(" "));
    expect(plugins.join("\n")).toContain("VolumeBinding");
  });

  test("a pod without its claim waits; a claim for one pod alone has one; a node takes only so many disks", () => {
    const cluster = started({ nodes: 1, storage: { maxVolumes: 2 } });
    cluster.apply(pod("p", "a"));
    cluster.settle();
    expect(toldNow(cluster, "pod/p", "FailedScheduling")).toContain('persistentvolumeclaim "a" not found');
    cluster.apply(claim("a", "", "1Gi", "ReadWriteOncePod"));
    cluster.settle();
    expect(phase(cluster, "pod/p")).toBe("Running");
    cluster.apply(pod("alone", "a"));
    cluster.apply(claim("b"));
    cluster.apply(claim("c"));
    cluster.settle();
    expect(toldNow(cluster, "pod/alone", "FailedScheduling")).toContain("ReadWriteOncePod access mode");
    cluster.apply(pod("second", "b"));
    cluster.settle();
    cluster.apply(pod("third", "c"));
    cluster.settle();
    expect(phase(cluster, "pod/second")).toBe("Running");
    expect(toldNow(cluster, "pod/third", "FailedScheduling")).toContain("1 node(s) exceed max volume count");
  });
});

const set = (image: string): string => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "${image}", ${ownName}, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

test("members of a StatefulSet keep what is theirs when they go and come again", () => {
  const cluster = started();
  cluster.apply(set("db:1"));
  cluster.settle();
  expect(column(cluster, "sts", "Ready")).toEqual(["3/3"]);
  expect(column(cluster, "pvc", "Name")).toEqual(["data-db-0", "data-db-1", "data-db-2"]);
  cluster.scale("sts/db", 1);
  cluster.settle();
  expect(column(cluster, "pvc", "Status")).toEqual(["Bound", "Bound", "Bound"]);
  cluster.scale("sts/db", 3);
  cluster.settle();
  expect(["db-0", "db-1", "db-2"].map((name) => cluster.logs(name))).toEqual(["db-0\n", "db-1 db-1\n", "db-2 db-2\n"]);
});

test("files follow a pod from one Linux to another, and a file system grows with its disk", () => {
  const cluster = realCluster({ storage: true });
  cluster.apply(claim("a"));
  cluster.settle();
  cluster.apply(pod("first", "a", onNode(1), "nginx:alpine"));
  cluster.run(s(30));
  expect(cluster.exec("first", "echo hello > /data/greeting; mount | grep ' /data '").stdout).toContain("ext4");
  const mounts = "cat /proc/mounts | grep globalmount; ls /dev/disk/by-id";
  expect(cluster.machine("node-1").sh(mounts).stdout).toContain("/dev/disk/by-id/virtio-disk-00000001");
  cluster.delete("pod/first");
  cluster.run(s(30));
  expect(cluster.machine("node-1").sh(mounts).stdout).toBe("");
  cluster.apply(pod("second", "a", onNode(2), "nginx:alpine"));
  cluster.run(s(30));
  expect(cluster.exec("second", "cat /data/greeting").stdout).toBe("hello\n");
  const size = "df -k /data | tail -n 1 | awk '{print $2}'";
  expect(cluster.exec("second", size).stdout).toBe("1048576\n");
  cluster.patch("pvc/a", { spec: { resources: { requests: { storage: "2Gi" } } } });
  cluster.run(s(10));
  expect(cluster.exec("second", size).stdout).toBe("2097152\n");
});
