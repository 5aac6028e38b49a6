// A monitor that is a guest itself executes its privileged instructions without a trap.
import { VirtualMachine } from "../../../dist/sim/vmm/popek-goldberg/third-generation/monitor.js";

VirtualMachine.prototype.trapped = () => undefined;
VirtualMachine.prototype.privileged = () => undefined;
