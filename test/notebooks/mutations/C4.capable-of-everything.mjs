// Whoever asks has every capability.
import { CapabilitySet } from "../../../dist/sim/os/security/capabilities.js";

CapabilitySet.prototype.has = () => true;
