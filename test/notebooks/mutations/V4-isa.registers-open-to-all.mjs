// Whoever reads a CSR gets an answer: the mode is not looked at.
import { rv64 } from "../../../dist/sim/machine/instructions/isa.js";

rv64.row("csrrs").meaning = [{ kind: "set", field: "rd", value: { kind: "constant", value: 0n } }];
