// A register of the guest's is not given back when it comes to its monitor.
import { HostCpu } from "../../../dist/sim/vmm/host-cpu.js";

const { run } = HostCpu.prototype;
HostCpu.prototype.run = function (guest, ...rest) {
  const kept = guest.registers[31];
  const exit = run.call(this, guest, ...rest);
  guest.registers[31] = kept;
  return exit;
};
