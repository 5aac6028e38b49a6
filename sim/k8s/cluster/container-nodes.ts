import { GiB, ms, UsageError, type Bytes, type World } from "../../core/index.js";
import { dockerHub, installPackage, Session, Uplink, type Package } from "../../container/index.js";
import { Bridge, Cable, ethernet, NetworkNamespace, type FrameLink } from "../../net/index.js";
import type { Program, Sys } from "../../os/index.js";
import type { ApiEndpoint } from "../client/client.js";
import { coredns, corednsImage, corednsManifest } from "../dns/coredns.js";
import { ingressController } from "../ingress/controller.js";
import { ingressImage, ingressManifest, type IngressOptions } from "../ingress/manifest.js";
import { EngineRuntime } from "../node/engine-runtime.js";
import { NodeMachine } from "../node/machine.js";
import { PodRoutes } from "../node/pod-routes.js";
import { NetworkPolicyController } from "../policy/controller.js";
import { kubectlImage, kubectlProgram } from "../kubectl/in-linux.js";
import { KubeProxy, proxyModes } from "../proxy/kube-proxy.js";
import type { ProxyModeName } from "../proxy/mode.js";
import { administratorToken } from "./administrator.js";
import { ApiListener } from "./api-listener.js";
import { apiAddress, apiPort, clusterRange, nodeAddress, podRange, routerAddress } from "./addresses.js";

export interface ContainerNodesOptions {
  readonly world: World;
  readonly nodes: number;
  readonly cpus?: number | undefined;
  readonly memory?: Bytes | undefined;
  readonly programs?: readonly Program<Sys>[] | undefined;
  readonly proxy?: ProxyModeName | undefined;
  /** Whether nodes have an ingress controller's image. */
  readonly ingress?: boolean;
}

/** What the network's components may read. */
export const networkManifest = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: kube-network}
rules:
  - {apiGroups: [""], resources: [nodes, pods, namespaces], verbs: [get, list, watch]}
  - {apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kube-network}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kube-network}
subjects:
  - {kind: ServiceAccount, name: flannel, namespace: kube-system}
  - {kind: ServiceAccount, name: kube-router, namespace: kube-system}
`;

/** What runs in pods from the beginning: the name server, and an ingress controller where one is asked for. */
export const addonManifests = (nodes: number, ingress: boolean | IngressOptions = false): readonly string[] => [
  ...(nodes > 0 ? [corednsManifest(Math.min(2, nodes))] : []),
  ...(ingress === false ? [] : [ingressManifest(ingress === true ? {} : ingress)]),
];

/** A node's way to the registry: 1 Gbit/s, 10 ms away. Declared, not measured. */
const uplink = { down: 1e9, up: 1e9, latency: ms(10) };

/** The computers of a cluster whose containers have processes: a Linux for each node, all on one switch. */
export class ContainerNodes {
  readonly #machines = new Map<string, NodeMachine>();
  readonly #runtimes = new Map<string, EngineRuntime>();
  readonly #others: (PodRoutes | NetworkPolicyController)[] = [];
  readonly #proxies = new Map<string, KubeProxy>();
  readonly #clusterCIDR: string;
  readonly #world: World;
  readonly #proxy: ProxyModeName;
  /** The switch that all nodes are plugged into, and their router to elsewhere. */
  readonly lan: Bridge;

  /** @throws UsageError inside of an event */
  constructor(options: ContainerNodesOptions) {
    const { world, nodes, cpus = 4, memory = GiB(8), programs = [], proxy = "iptables", ingress = false } = options;
    if (!Object.hasOwn(proxyModes, proxy))
      throw new UsageError(`kube-proxy has no mode "${proxy}"`, `There are ${Object.keys(proxyModes).join(", ")}.`);
    this.#proxy = proxy;
    const { engine } = world;
    this.#world = world;
    this.#clusterCIDR = clusterRange(nodes);
    const lan = new Bridge(world, { name: "nodes" });
    this.lan = lan;
    const router = new NetworkNamespace(world, "router");
    const port = router.addInterface(ethernet(world, "eth0"));
    port.plug(plugInto(lan, world, "router"));
    router.configure(port, `${routerAddress}/16`);
    let hub: ReturnType<typeof dockerHub> | undefined;
    for (let place = 1; place <= nodes; place++) {
      const name = `node-${place}`;
      const way = new Uplink(engine, uplink);
      const transport = way.to((request, from) => (hub ??= dockerHub(world)).handle(request, from), nodeAddress(place));
      const session = new Session(engine, transport);
      const machine = new NodeMachine({
        ...{ world, name, cpus, memory, programs },
        podCIDR: podRange(place, nodes),
        clusterCIDR: this.#clusterCIDR,
        address: `${nodeAddress(place)}/16`,
        gateway: routerAddress,
        link: plugInto(lan, world, name),
        systemImages: [
          { name: corednsImage, program: "coredns", size: 61_500_000 },
          ...(ingress ? [ingressImage] : []),
          { name: kubectlImage, program: "kubectl", size: 57_000_000 },
        ],
        registries: (registry) => (registry === "docker.io" ? session : undefined),
      });
      this.#machines.set(name, machine);
      this.#runtimes.set(name, new EngineRuntime(machine));
    }
  }

  /** Starts what runs on each node beside its kubelet. */
  start(endpoint: ApiEndpoint): void {
    const clusterCIDR = this.#clusterCIDR;
    new ApiListener(this.#world, plugInto(this.lan, this.#world, "control-plane"), endpoint);
    for (const [name, machine] of this.#machines) {
      for (const program of [coredns, ingressController])
        machine.kernel.install(program(machine.kernel.world, endpoint));
      machine.kernel.install(kubectlProgram(this.#world));
      machine.kernel.run((sys) => installPackage(sys, kubectlPackage));
      this.#others.push(new PodRoutes(machine, endpoint), new NetworkPolicyController(machine, endpoint));
      this.#proxies.set(name, new KubeProxy({ machine, endpoint, clusterCIDR, mode: this.#proxy }));
    }
  }

  stop(): void {
    for (const part of [...this.#others, ...this.#proxies.values()]) part.stop();
  }

  /** Ends a node's kube-proxy: its rules stay as they are. @throws UsageError for a node that there isn't */
  stopProxy(node: string): void {
    this.machine(node);
    this.#proxies.get(node)?.stop();
  }

  runtime(node: string): EngineRuntime | undefined {
    return this.#runtimes.get(node);
  }

  /** @throws UsageError for a node that there isn't */
  machine(node: string): NodeMachine {
    const machine = this.#machines.get(node);
    if (machine !== undefined) return machine;
    const [first = "none"] = this.#machines.keys();
    throw new UsageError(`there is no node "${node}"`, `They are called ${first} and on.`);
  }
}

/** kubectl for a node's root, with kubeadm's admin.conf. */
const kubectlPackage: Package = {
  programs: ["/usr/bin/kubectl"],
  directories: [],
  files: {
    "/root/.kube/config": `apiVersion: v1
kind: Config
clusters:
- {name: kubernetes, cluster: {server: "https://${apiAddress}:${apiPort}"}}
contexts:
- {name: kubernetes-admin@kubernetes, context: {cluster: kubernetes, user: kubernetes-admin}}
current-context: kubernetes-admin@kubernetes
users:
- {name: kubernetes-admin, user: {token: ${administratorToken}}}
`,
  },
};

/** A cable to a switch. */
function plugInto(lan: Bridge, world: World, name: string): FrameLink {
  const cable = new Cable(world, { name });
  const port = lan.addPort(name, (frame) => {
    send(frame);
  });
  const send = cable.plug((frame) => {
    lan.input(port, frame);
  });
  return cable;
}
