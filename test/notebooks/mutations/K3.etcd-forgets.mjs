// An etcd that stops has nothing on its disk when it starts again.
import { Etcd } from "../../../dist/sim/k8s/etcd/etcd.js";
import { MvccStore } from "../../../dist/sim/k8s/etcd/store.js";

const stop = Etcd.prototype.stop;
Etcd.prototype.stop = function () {
  stop.call(this);
  this.store.restore(new MvccStore().save());
};
