import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import { ControllerManager } from "../../../../sim/k8s/index.js";
import { cluster, deployment, template } from "./cluster.js";

const namespaces = "/api/v1/namespaces";

describe("a namespace", () => {
  test("gets its account and the certificate, and gets them back; without the controller no pod is admitted", () => {
    const made = cluster();
    made.create(namespaces, { metadata: { name: "shop" } });
    made.settle();
    const accounts = `${namespaces}/shop/serviceaccounts`;
    const certificate = `${namespaces}/shop/configmaps/kube-root-ca.crt`;
    expect(made.list(accounts).map(({ metadata }) => metadata.name)).toEqual(["default"]);
    const data = made.get(certificate)["data"];
    expect(data).toHaveProperty(["ca.crt"]);
    made.patch(certificate, { data: { "ca.crt": "forged" } });
    made.remove(`${accounts}/default`);
    made.settle();
    expect(made.get(certificate)["data"]).toEqual(data);
    expect(made.list(accounts)).toHaveLength(1);
    made.manager.stop("serviceaccount-controller");
    made.remove(`${accounts}/default`);
    made.settle();
    const pod = { metadata: { name: "a" }, spec: { containers: [{ name: "main", image: "web:1" }] } };
    expect(() => {
      made.create(`${namespaces}/shop/pods`, pod);
    }).toThrow('serviceaccount \\"default\\" not found');
  });

  test("goes with all that is in it, of custom kinds too, and not before what holds a finalizer", () => {
    const made = cluster();
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    made.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "bikes.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { kind: "Bike", plural: "bikes" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    made.create(namespaces, { metadata: { name: "shop" } });
    made.settle();
    made.create("/apis/apps/v1/namespaces/shop/deployments", deployment("web", 3));
    made.create(`${namespaces}/shop/configmaps`, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
    made.create("/apis/example.com/v1/namespaces/shop/bikes", {
      apiVersion: "example.com/v1",
      kind: "Bike",
      metadata: { name: "red" },
    });
    made.settle();
    made.remove(`${namespaces}/shop`);
    made.later(s(4));
    // It is not touched before every API server has heard of it.
    expect(made.list(`${namespaces}/shop/pods`)).toHaveLength(3);
    made.later(s(10));
    expect(made.list(`${namespaces}/shop/pods`)).toHaveLength(0);
    expect(made.list("/apis/example.com/v1/bikes")).toHaveLength(0);
    expect(made.get(`${namespaces}/shop`)["status"]).toMatchObject({
      phase: "Terminating",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "NamespaceContentRemaining", status: "True" }),
        expect.objectContaining({
          type: "NamespaceFinalizersRemaining",
          message: "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        }),
      ]) as unknown,
    });
    expect(() => {
      made.create(`${namespaces}/shop/configmaps`, { metadata: { name: "late" } });
    }).toThrow("because it is being terminated");
    made.patch(`${namespaces}/shop/configmaps/held`, { metadata: { finalizers: null } });
    made.settle();
    expect(made.list(namespaces).map(({ metadata }) => metadata.name)).not.toContain("shop");
  });
});

describe("two managers of one cluster", () => {
  test("share a lease: when the one that works is killed, the other goes on after the lease's time", () => {
    const made = cluster({ manager: { leaderElect: true, identity: "first" } });
    const { world, endpoint, detector } = made;
    made.later(s(1));
    const second = new ControllerManager({ world, endpoint, detector, identity: "second" });
    made.create("/apis/apps/v1/namespaces/default/deployments", deployment("web", 3));
    made.settle();
    const pods = "/api/v1/namespaces/default/pods";
    expect(made.list(pods)).toHaveLength(3);
    expect([made.manager.running.length > 5, second.running]).toEqual([true, []]);
    made.manager.kill();
    const killed = world.engine.now;
    made.patch("/apis/apps/v1/namespaces/default/deployments/web", { spec: { template: template("web:2") } });
    made.later(s(10));
    const images = (): unknown[] =>
      made.list(pods).map((pod) => (pod["spec"] as { containers: { image: string }[] }).containers[0]?.image);
    expect([second.running, images()]).toEqual([[], ["web:1", "web:1", "web:1"]]);
    while (second.running.length === 0) made.later(s(0.1));
    // The last renewal was up to 2 s old; who waits tries every 2 to 4.4 s.
    const silent = (world.engine.now - killed) / 1e9;
    expect(silent).toBeGreaterThan(15 - 2.1);
    expect(silent).toBeLessThan(15 + 4.5);
    made.settle();
    expect(images()).toEqual(["web:2", "web:2", "web:2"]);
    const lease = made.get("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager");
    expect(lease["spec"]).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
  });
});
