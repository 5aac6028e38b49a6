// The translator takes no code for the kernel's: all of it executes as it is.
import { CodeCache } from "../../../dist/sim/vmm/code-cache.js";

Object.defineProperty(CodeCache.prototype, "scans", { get: () => false });
