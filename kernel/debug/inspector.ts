import { Session, type Debugger, type Runtime } from "node:inspector";
import { RequestError } from "./protocol.js";

/** The commands in use (chromedevtools.github.io/devtools-protocol/v8): what each takes and gives. */
interface Commands {
  "Debugger.enable": [Record<string, never>, Debugger.EnableReturnType];
  "Debugger.setBlackboxPatterns": [Debugger.SetBlackboxPatternsParameterType, unknown];
  "Debugger.setPauseOnExceptions": [Debugger.SetPauseOnExceptionsParameterType, unknown];
  "Debugger.setSkipAllPauses": [Debugger.SetSkipAllPausesParameterType, unknown];
  "Debugger.setBreakpointByUrl": [Debugger.SetBreakpointByUrlParameterType, Debugger.SetBreakpointByUrlReturnType];
  "Debugger.removeBreakpoint": [Debugger.RemoveBreakpointParameterType, unknown];
  "Debugger.pause": [Record<string, never>, unknown];
  "Debugger.resume": [{ readonly terminateOnResume?: boolean }, unknown];
  "Debugger.stepOver": [Record<string, never>, unknown];
  "Debugger.stepInto": [Record<string, never>, unknown];
  "Debugger.stepOut": [Record<string, never>, unknown];
  "Debugger.getScriptSource": [Debugger.GetScriptSourceParameterType, Debugger.GetScriptSourceReturnType];
  "Debugger.setVariableValue": [Debugger.SetVariableValueParameterType, unknown];
  "Debugger.evaluateOnCallFrame": [
    // `timeout` is newer than its types.
    Debugger.EvaluateOnCallFrameParameterType & { readonly timeout: number },
    Debugger.EvaluateOnCallFrameReturnType,
  ];
  "Runtime.evaluate": [
    Runtime.EvaluateParameterType & { readonly timeout: number; readonly throwOnSideEffect?: boolean },
    Runtime.EvaluateReturnType,
  ];
  "Runtime.callFunctionOn": [Runtime.CallFunctionOnParameterType, Runtime.CallFunctionOnReturnType];
  "Runtime.getProperties": [Runtime.GetPropertiesParameterType, Runtime.GetPropertiesReturnType];
  "Runtime.releaseObjectGroup": [Runtime.ReleaseObjectGroupParameterType, unknown];
}

export type StepCommand = "Debugger.stepOver" | "Debugger.stepInto" | "Debugger.stepOut";

/** The main thread's debugger, as this worker reaches it. */
export interface Inspector {
  /**
   * Commands are carried out in the order they are posted, also between two steps of a program that computes; in the
   * middle of one that waits for a program or the disk, they wait.
   * @param within ms @throws RequestError where it isn't carried out within; it will be later
   */
  post<C extends keyof Commands>(command: C, params: Commands[C][0], within?: number): Promise<Commands[C][1]>;
  onPaused(listener: (event: Debugger.PausedEventDataType) => void): void;
  onScript(listener: (event: Debugger.ScriptParsedEventDataType) => void): void;
  /** Lets the thread go on, without breakpoints. */
  disconnect(): void;
}

/** How long an answer may take that a user waits for, in ms. */
const patience = 500;

export function connectInspector(): Inspector {
  const session = new Session();
  session.connectToMainThread();
  return {
    post(command, params, within = patience) {
      type Result = Commands[typeof command][1];
      return new Promise<Result>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new RequestError("the cell that runs lets nobody look at its variables just now"));
        }, within);
        session.post(command, params, (error: Error | null, result?: object) => {
          clearTimeout(timer);
          if (error === null) resolve(result);
          else reject(new RequestError(error.message));
        });
      });
    },
    onPaused(listener) {
      session.on("Debugger.paused", ({ params }) => {
        listener(params);
      });
    },
    onScript(listener) {
      session.on("Debugger.scriptParsed", ({ params }) => {
        listener(params);
      });
    },
    disconnect() {
      session.disconnect();
    },
  };
}
