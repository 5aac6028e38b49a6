// A kubelet that stops takes its containers' processes along.
import { Cluster } from "../../../dist/sim/k8s/cluster/cluster.js";

const { stopKubelet } = Cluster.prototype;
Cluster.prototype.stopKubelet = function (node) {
  stopKubelet.call(this, node);
  this.machine(node).sh("pkill -KILL nginx");
};
