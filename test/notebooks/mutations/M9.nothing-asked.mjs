// The monitor takes a guest's hypercalls for system calls of the guest's own.
import { trapAndEmulate } from "../../../dist/sim/vmm/trap-and-emulate.js";
import { paravirtualization } from "../../../dist/sim/vmm/paravirtualization.js";

paravirtualization.createCpu = trapAndEmulate.createCpu;
