import { createWorld } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions, type HollowImage } from "../../../../sim/k8s/index.js";
import { at, show } from "../../../../sim/k8s/objects/value.js";
import { told } from "../node/real-cluster.js";

/** A database without processes: each start adds a line to what it keeps, and prints all of it. */
const database: HollowImage = {
  behaviour: ({ volumes = {}, env }) => {
    const files = volumes["/data"];
    const kept = `${files?.get("starts") ?? ""}${env["POD"] ?? ""} `;
    files?.set("starts", kept);
    return { prints: [kept.trim()] };
  },
};

export function started(options: Partial<ClusterOptions> = {}): Cluster {
  const images = (name: string): HollowImage => (name.startsWith("db") ? database : {});
  const cluster = new Cluster({ world: createWorld({ seed: 5 }), storage: true, images, ...options });
  cluster.start();
  return cluster;
}
export const claim = (name: string, more = "", size = "1Gi", mode = "ReadWriteOnce"): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec:
  accessModes: [${mode}]
  resources: {requests: {storage: ${size}}}
${more}`;
export const volume = (name: string, size: string, more = "", labels = "{}"): string => `
apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}, labels: ${labels}}
spec:
  capacity: {storage: ${size}}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /srv/${name}}
${more}`;
export const ownName = "env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]";
export const pod = (name: string, claimed: string, more = "", image = "db:1"): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: "${image}", ${ownName}, volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: ${claimed}}}]
${more}`;
export const onNode = (number: number): string => `  nodeName: node-${number}`;
export const field = (cluster: Cluster, what: string, ...path: string[]): string =>
  show(at(cluster.get(what).items[0] ?? {}, ...path));
export const column = (cluster: Cluster, what: string, key: string): string[] =>
  cluster
    .get(what)
    .view()
    .rows.map((row) => String(row[key]));
export const phase = (cluster: Cluster, what: string): string => field(cluster, what, "status", "phase");
export const toldNow = (cluster: Cluster, what: string, reason: string): string | undefined =>
  told(cluster, what).find((line) => line.startsWith(`${reason}: `));
