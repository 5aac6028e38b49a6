import { bindKernel, newConnection, type Incoming, type KernelSockets } from "../../../kernel/wire/index.js";
import type { KernelSpec, Launch } from "../../../kernel/server/index.js";

/** A kernel in this process: echoes what it executes, and dies when told to. */
export interface FakeKernel {
  readonly sockets: KernelSockets;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** How often it was asked to end, be interrupted. */
  readonly seen: string[];
  die(): void;
}

export const fakeSpec: KernelSpec = {
  name: "fake",
  spec: { argv: ["fake"], display_name: "Fake", language: "typescript", interrupt_mode: "message" },
  files: ["logo-svg.svg"],
  readFile: () => Promise.resolve(Buffer.from("<svg/>")),
};

function respond(sockets: KernelSockets, seen: string[], message: Incoming): void {
  const { header } = message;
  const status = (execution_state: "busy" | "idle"): void => {
    sockets.broadcast(header, "status", { execution_state });
  };
  status("busy");
  if (message.type === "kernel_info_request") {
    sockets.reply("shell", message, "kernel_info_reply", { status: "aborted" });
  }
  if (message.type === "execute_request") {
    seen.push(message.content.code);
    const buffers = [Buffer.from([0, 1, 255])];
    sockets.broadcast(header, "stream", { name: "stdout", text: message.content.code }, { buffers });
    sockets.reply("shell", message, "execute_reply", {
      status: "ok",
      execution_count: 1,
      user_expressions: {},
      payload: [],
    });
  }
  if (message.type === "interrupt_request") {
    seen.push("interrupt");
    sockets.reply("control", message, "interrupt_reply", { status: "ok" });
  }
  status("idle");
}

/** @param kernels every kernel that is launched is added */
export function fakeLaunch(kernels: FakeKernel[]): Launch {
  return async (_spec, { cwd, env }) => {
    const connection = await newConnection({ transport: "ipc" });
    const sockets = await bindKernel(connection, () => undefined);
    let dead = false;
    let ended = (): void => undefined;
    const died = new Promise<{ code: number; signal: null; lastWords: string }>((resolve) => {
      ended = () => {
        resolve({ code: 1, signal: null, lastWords: "out of luck" });
      };
    });
    const seen: string[] = [];
    const die = (): void => {
      if (dead) return;
      dead = true;
      void sockets.close().then(() => {
        ended();
      });
    };
    sockets.serve((_channel, message) => {
      if (message.type === "shutdown_request") {
        seen.push("shutdown");
        sockets.reply("control", message, "shutdown_reply", { status: "ok", restart: message.content.restart });
        die();
      } else respond(sockets, seen, message);
    });
    kernels.push({ sockets, env, cwd, seen, die });
    return { pid: 1, connection, died, kill: die, interrupt: () => seen.push("signal"), forget: () => undefined };
  };
}
