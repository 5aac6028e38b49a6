import { expect, test } from "vitest";
import { lab, s } from "../../../sim/lab/index.js";

test("a lab's cluster is ready at once, on the lab's clock, beside its other nouns", () => {
  const cloud = lab({ seed: 7 });
  const cluster = cloud.kubernetes({ nodes: 2, images: { "web:1": { behaviour: { startup: s(3) } } } });
  expect(cluster.nodes().rows.map(({ Status }) => Status)).toEqual(["Ready", "Ready"]);
  cluster.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: {
      containers: [
        { name: "main", image: "web:1", ports: [{ containerPort: 80 }], readinessProbe: { tcpSocket: { port: 80 } } },
      ],
    },
  });
  const before = cloud.now;
  cloud.settle({ within: s(60) });
  expect(cloud.now - before).toBeGreaterThan(s(3));
  expect(cluster.pods().rows).toMatchObject([{ Name: "web", Ready: "1/1", Status: "Running" }]);
});

test("a mistyped option is named", () => {
  expect(() => lab().kubernetes({ node: 2 } as object)).toThrow(/"node".*kubernetes|kubernetes.*"node"/s);
});
