import type { Rng } from "../../core/index.js";
import type { FieldErrors } from "../objects/field-error.js";
import { isObject, listAt, stringAt, type Draft, type Json, type JsonObject } from "../objects/value.js";
import type { Collection } from "./collection.js";

/** Cluster addresses are 10.96.0.0/12, kubeadm's default; the first is that of the service `kubernetes`. */
const first = 0x0a60_0000;
const addresses = 2 ** 20;
/** `--service-node-port-range` */
const nodePorts = { low: 30_000, high: 32_767 };

const format = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

const portsOf = (spec: JsonObject): number[] =>
  listAt(spec, "ports").flatMap((port) =>
    isObject(port) && typeof port["nodePort"] === "number" && port["nodePort"] > 0 ? [port["nodePort"]] : [],
  );

/** Gives services their cluster addresses and node ports. What is taken is read off the services that there are. */
export class ServiceAddresses {
  readonly #taken = new Map<string, number>();
  readonly #ports = new Map<number, number>();

  constructor(services: Collection) {
    for (const object of services.values()) this.#count(object, 1);
    services.follow({
      trigger: undefined,
      change: ({ type, object, previous }) => {
        if (previous !== undefined) this.#count(previous, -1);
        if (type !== "DELETED") this.#count(object, 1);
      },
    });
  }

  /** Completes a service's spec, or says why it can't have what it asks for. @param old what the service has had */
  allocate(spec: Draft, old: JsonObject | undefined, rng: Rng, errors: FieldErrors): void {
    const type = spec["type"];
    if (type === "ExternalName") return;
    const asked = stringAt(spec, "clusterIP") ?? "";
    const had = stringAt(old, "clusterIP") ?? "";
    if (asked === "") this.#address(spec, rng);
    else if (asked !== "None" && asked !== had && this.#taken.has(asked)) {
      errors.invalid("spec.clusterIPs", [asked], `failed to allocate IP ${asked}: provided IP is already allocated`);
    }
    spec["clusterIPs"] ??= [spec["clusterIP"] ?? ""];
    spec["ipFamilies"] ??= ["IPv4"];
    spec["ipFamilyPolicy"] ??= "SingleStack";
    const wants = type === "NodePort" || (type === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false);
    const mine = new Set(old === undefined ? [] : portsOf(old));
    const given = new Set<number>();
    spec["ports"] = listAt(spec, "ports").map((port, i): Json => {
      if (!isObject(port)) return port;
      const { nodePort, ...rest } = port;
      if (!wants) return rest;
      const before = listAt(old, "ports").find(
        (other) => isObject(other) && other["port"] === port["port"] && other["protocol"] === port["protocol"],
      );
      let number =
        typeof nodePort === "number" && nodePort > 0
          ? nodePort
          : isObject(before) && typeof before["nodePort"] === "number"
            ? before["nodePort"]
            : 0;
      if (number === 0) number = this.#port(rng, given);
      else if (number < nodePorts.low || number > nodePorts.high) {
        errors.invalid(
          `spec.ports[${i}].nodePort`,
          number,
          `provided port is not in the valid range. The range of valid ports is ${nodePorts.low}-${nodePorts.high}`,
        );
      } else if (this.#ports.has(number) && !mine.has(number)) {
        errors.invalid(`spec.ports[${i}].nodePort`, number, "provided port is already allocated");
      }
      given.add(number);
      return { ...rest, nodePort: number };
    });
  }

  #address(spec: Draft, rng: Rng): void {
    const start = rng.uint32() % (addresses - 2);
    for (let i = 0; i < addresses - 2; i++) {
      const address = format(first + 2 + ((start + i) % (addresses - 3)));
      if (this.#taken.has(address)) continue;
      spec["clusterIP"] = address;
      return;
    }
  }

  #port(rng: Rng, given: ReadonlySet<number>): number {
    const { low, high } = nodePorts;
    const count = high - low + 1;
    const start = rng.uint32() % count;
    for (let i = 0; i < count; i++) {
      const port = low + ((start + i) % count);
      if (!this.#ports.has(port) && !given.has(port)) return port;
    }
    return 0;
  }

  #count(service: JsonObject, by: 1 | -1): void {
    const spec = isObject(service["spec"]) ? service["spec"] : {};
    const add = <K>(map: Map<K, number>, key: K): void => {
      const count = (map.get(key) ?? 0) + by;
      if (count > 0) map.set(key, count);
      else map.delete(key);
    };
    const address = stringAt(spec, "clusterIP") ?? "None";
    if (address !== "None" && address !== "") add(this.#taken, address);
    for (const port of portsOf(spec)) add(this.#ports, port);
  }
}
