import type { Fields } from "./protocol.js";
import type { ExceptionFilter } from "./stepping.js";

/** What `initialize` answers: the protocol's Capabilities. */
export const capabilities: Fields = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsSetVariable: true,
  supportsDelayedStackTraceLoading: true,
  supportsEvaluateForHovers: true,
  supportsExceptionInfoRequest: true,
  supportsModulesRequest: true,
  supportsTerminateRequest: true,
  supportsBreakpointLocationsRequest: true,
  exceptionBreakpointFilters: [
    {
      filter: "uncaught",
      label: "Uncaught Exceptions",
      description: "What nothing in your code catches",
      default: false,
    },
    { filter: "all", label: "Raised Exceptions", description: "What comes through a cell's code", default: false },
  ] satisfies readonly { filter: ExceptionFilter; label: string; description: string; default: boolean }[],
};

/** The only thread that runs cells. */
export const threadId = 1;
