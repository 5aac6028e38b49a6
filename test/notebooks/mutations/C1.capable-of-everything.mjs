// Who gave a capability up still has it.
import { CapabilitySet } from "../../../dist/sim/os/security/capabilities.js";

CapabilitySet.prototype.has = () => true;
