// Election timeouts are drawn from a wide range, whatever range was asked for.
import { RaftServer } from "../../../dist/sim/k8s/raft/server.js";

for (const name of ["reset", "becomePreCandidate"]) {
  const method = RaftServer.prototype[name];
  RaftServer.prototype[name] = function (...args) {
    method.apply(this, args);
    this.timeout = this.options.electionTicks + this.draw(this.options.electionTicks);
  };
}
