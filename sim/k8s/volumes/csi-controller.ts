import type { World } from "../../core/index.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { InformerFactory } from "../client/informer.js";
import type { Controller, ControllerContext } from "../controllers/controller.js";
import { defaultFlags } from "../controllers/flags.js";
import { Attacher } from "./attacher.js";
import type { VolumeDriver } from "./driver.js";
import { Provisioner } from "./provisioner.js";
import { Resizer } from "./resizer.js";

const account = "csi-controller";

/** What a driver's controller may do, and the class of its volumes, which is the default one. */
export const storageManifest = (driver: string, zones: boolean): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${account}}
rules:
  - {apiGroups: [""], resources: [persistentvolumes], verbs: [get, list, watch, create, update, patch, delete]}
  - {apiGroups: [""], resources: [persistentvolumeclaims, nodes], verbs: [get, list, watch, update, patch]}
  - {apiGroups: [""], resources: [persistentvolumeclaims/status], verbs: [update, patch]}
  - {apiGroups: [""], resources: [events], verbs: [create, update, patch]}
  - {apiGroups: [storage.k8s.io], resources: [storageclasses, csinodes], verbs: [get, list, watch]}
  - {apiGroups: [storage.k8s.io], resources: [volumeattachments, volumeattachments/status], verbs: [get, list, watch, update, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${account}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${account}}
subjects: [{kind: ServiceAccount, name: ${account}, namespace: kube-system}]
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: ${driver}}
spec: {attachRequired: true, podInfoOnMount: false}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: ${driver}
reclaimPolicy: Delete
allowVolumeExpansion: true
volumeBindingMode: ${zones ? "WaitForFirstConsumer" : "Immediate"}
`;

/** The process beside a CSI driver's `Controller` service: provisioner, attacher and resizer. */
export class CsiController {
  readonly #parts: readonly Controller[];
  readonly #informers: InformerFactory;

  constructor(world: World, endpoint: ApiEndpoint, driver: VolumeDriver) {
    const user = { name: `system:serviceaccount:kube-system:${account}`, groups: ["system:authenticated"] };
    const client = new Client({ world, endpoint, user });
    this.#informers = new InformerFactory(client);
    const context: ControllerContext = { client, informers: this.#informers, flags: defaultFlags };
    this.#parts = [new Provisioner(context, driver), new Attacher(context, driver), new Resizer(context, driver)];
  }

  stop(): void {
    for (const part of this.#parts) part.stop();
    this.#informers.stop();
  }
}
