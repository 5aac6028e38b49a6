import type { Node, Pod } from "../client/pod-types.js";
import { NodeInfo } from "../scheduler/node-info.js";
import { nodePorts, requiredNodes } from "../scheduler/plugins/node.js";
import { PodInfo } from "../scheduler/pod-info.js";
import type { Verdict } from "./pod-worker.js";

const refuse = (reason: string, message: string): Verdict => ({ reason, message: `Pod was rejected: ${message}` });

/**
 * What a node has room for. The scheduler has looked before, but others bind pods too, and what it saw may be old (kubernetes,
 * `lifecycle/predicate.go`).
 */
export class NodeAdmission {
  readonly #info: NodeInfo;

  constructor(node: Node) {
    this.#info = new NodeInfo(node);
  }

  /** Takes the node as it is now. */
  update(node: Node): void {
    this.#info.update(node);
  }

  /** Lets a pod in, whose share is then taken. @returns why not, where it doesn't fit */
  admit(pod: Pod): Verdict | undefined {
    const info = this.#info;
    const asked = new PodInfo(pod);
    const shortage = this.#shortage(asked);
    if (shortage !== undefined) return shortage;
    if (requiredNodes(pod)?.(info) === false) return refuse("NodeAffinity", "Predicate NodeAffinity failed");
    const alone = { nodes: [info], withAffinity: [], namespace: () => ({}), imageNodes: () => 0 };
    if (nodePorts.filter?.(asked, alone)?.(info) !== undefined)
      return refuse("NodePorts", "Predicate NodePorts failed");
    info.add(asked);
    return undefined;
  }

  /** What a pod had is free again. */
  release({ metadata: { namespace = "", name = "" } }: Pod): void {
    this.#info.remove(`${namespace}/${name}`);
  }

  #shortage({ requests }: PodInfo): Verdict | undefined {
    const { allocatable, requested, pods, podLimit } = this.#info;
    const out = (name: string, wanted: number, used: number, capacity: number): Verdict =>
      refuse(
        `OutOf${name}`,
        `Node didn't have enough resource: ${name}, requested: ${wanted}, used: ${used}, capacity: ${capacity}`,
      );
    if (pods.size + 1 > podLimit) return out("pods", 1, pods.size, podLimit);
    for (const name of ["cpu", "memory"] as const) {
      const [wanted, used, capacity] = [requests[name], requested[name], allocatable[name]];
      if (wanted > 0 && wanted > capacity - used) return out(name, wanted, used, capacity);
    }
    for (const [name, wanted] of requests.others) {
      const [used, capacity] = [requested.others.get(name) ?? 0, allocatable.others.get(name) ?? 0];
      if (wanted > 0 && wanted > capacity - used) return out(name, wanted, used, capacity);
    }
    return undefined;
  }
}
