// Instructions are never run from states that differ in resources.
import { Examination } from "../../../dist/sim/vmm/popek-goldberg/definitions.js";

Examination.prototype.compareResources = () => undefined;
