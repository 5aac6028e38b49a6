// WFI passes in user mode without a trap: RISC-V has a critical instruction.
import { rv64 } from "../../../dist/sim/machine/instructions/isa.js";

rv64.row("wfi").meaning = rv64.with("wfi-no-op-in-user").row("wfi").meaning;
