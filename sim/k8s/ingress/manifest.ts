import type { ProgramImage } from "../node/system-images.js";
import { controllerName } from "./routes.js";
import { healthPort, httpPort } from "./nginx-config.js";

/** Of the release whose README has Kubernetes 1.32 in its table. */
const image = "registry.k8s.io/ingress-nginx/controller:v1.12.0";

/** How a cluster's ingress controller runs. */
export interface IngressOptions {
  /** Default 1. */
  readonly replicas?: number;
  /**
   * How it is reached: at a port of every node, 30080, or at an address that a load balancer has. Default `NodePort`.
   */
  readonly service?: "NodePort" | "LoadBalancer";
}

/** Where `NodePort` is. */
const nodePort = 30_080;

/** What is in its image beside its program. */
export const ingressImage: ProgramImage = {
  name: image,
  program: "nginx-ingress-controller",
  size: 52_000_000,
  more: [
    { directory: "etc" },
    { directory: "etc/nginx" },
    { directory: "tmp", mode: 0o1777 },
    { directory: "usr" },
    { directory: "usr/bin" },
    { path: "usr/bin/nginx", program: "nginx", size: 1_500_000 },
    { directory: "bin" },
    ...["sh", "cat", "ls", "ps"].map((program) => ({ path: `bin/${program}`, program, size: 800_000 })),
  ],
};

/** The objects of ingress-nginx' own manifest (`deploy/static/provider`), without its webhook; its class is the default one. */
export const ingressManifest = ({ replicas = 1, service = "NodePort" }: IngressOptions): string => `
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ingress-nginx, namespace: ingress-nginx}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ingress-nginx}
rules:
  - {apiGroups: [""], resources: [services], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [events], verbs: [create, patch]}
  - {apiGroups: [networking.k8s.io], resources: [ingresses, ingressclasses], verbs: [get, list, watch]}
  - {apiGroups: [networking.k8s.io], resources: [ingresses/status], verbs: [update]}
  - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ingress-nginx}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ingress-nginx}
subjects: [{kind: ServiceAccount, name: ingress-nginx, namespace: ingress-nginx}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ingress-nginx, namespace: ingress-nginx}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]}
  - {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [ingress-nginx-leader], verbs: [get, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ingress-nginx, namespace: ingress-nginx}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ingress-nginx}
subjects: [{kind: ServiceAccount, name: ingress-nginx, namespace: ingress-nginx}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: ${controllerName}}
---
apiVersion: v1
kind: Service
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  type: ${service}
  selector: {app.kubernetes.io/name: ingress-nginx}
  ports: [{name: http, port: 80, targetPort: http${service === "NodePort" ? `, nodePort: ${nodePort}` : ""}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx}}
    spec:
      serviceAccountName: ingress-nginx
      terminationGracePeriodSeconds: 300
      containers:
        - name: controller
          image: ${image}
          imagePullPolicy: IfNotPresent
          args: [${service === "LoadBalancer" ? "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller" : "--report-node-internal-ip-address"}]
          env:
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
          ports: [{name: http, containerPort: ${httpPort}}]
          readinessProbe: {httpGet: {path: /healthz, port: ${healthPort}}, initialDelaySeconds: 10, periodSeconds: 10}
          livenessProbe: {httpGet: {path: /healthz, port: ${healthPort}}, initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 5}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
          resources: {requests: {cpu: 100m, memory: 90Mi}}
`;
