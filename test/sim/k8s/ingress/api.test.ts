import { describe, expect, test } from "vitest";
import { createWorld } from "../../../../sim/core/index.js";
import { Cluster } from "../../../../sim/k8s/index.js";
import { ingress, way } from "./cluster.js";

const cluster = new Cluster({ world: createWorld({ seed: 3 }), nodes: 0 });
const refusal = (manifest: string): string => {
  try {
    cluster.apply(manifest);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};
const good = way("/", "Prefix", "a");

describe("an Ingress that is no good is refused", () => {
  test.each([
    [ingress("none", {}, "  ingressClassName: x"), "either `defaultBackend` or `rules` must be specified"],
    [ingress("rel", { "": [way("foo", "Exact", "a")] }), "must be an absolute path"],
    [ingress("own", { "": [way("foo", "ImplementationSpecific", "a")] }), "must be an absolute path"],
    [ingress("two", { "": [way("/a//b", "Prefix", "a")] }), "must not contain '//'"],
    [ingress("end", { "": [way("/a/..", "Prefix", "a")] }), "cannot end with '/..'"],
    [ingress("ip", { "10.0.0.1": [good] }), "must be a DNS name, not an IP address"],
    [ingress("star", { "a.*.b": [good] }), "a wildcard DNS-1123 subdomain must start with '*.'"],
    [
      ingress("both", { "": [way("/", "Prefix", "a", "number: 80, name: http")] }),
      "cannot set both port name & port number",
    ],
    [ingress("port", { "": [way("/", "Prefix", "a", "")] }), "port name or number is required"],
    [ingress("tls", { "": [good] }, "  tls: [{hosts: [A_B]}]"), "spec.tls[0].hosts[0]"],
  ])("%#", (manifest, words) => {
    expect(refusal(manifest)).toContain(words);
  });
});

test("an Ingress without a class gets the default one, the youngest of several, unless an annotation names one", () => {
  const classes = (name: string, isDefault: boolean): string => `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: ${name}, annotations: {ingressclass.kubernetes.io/is-default-class: "${isDefault}"}}
spec: {controller: example.com/${name}}`;
  const classOf = (name: string): unknown => cluster.get(`ingress/${name}`).view().rows[0]?.["Class"];
  cluster.apply(ingress("before", { "": [good] }));
  for (const [name, isDefault] of [
    ["zeta", true],
    ["alpha", false],
  ] as const)
    cluster.apply(classes(name, isDefault));
  cluster.apply(ingress("after", { "": [good] }));
  cluster.apply(ingress("chosen", { "": [good] }, "  ingressClassName: alpha"));
  const old = ingress("old", { "": [good] }).replace(
    "{name: old}",
    '{name: old, annotations: {kubernetes.io/ingress.class: "mine"}}',
  );
  cluster.apply(old);
  expect(["before", "after", "chosen", "old"].map(classOf)).toEqual(["<none>", "zeta", "alpha", "mine"]);
});
