/** Signals by number, signal(7) for x86 and most others; the real-time ones from 34 on are not queued here. */
export const signalNumbers = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

export type SignalName = keyof typeof signalNumbers;

export const SIGKILL: number = signalNumbers.SIGKILL;
export const SIGSTOP: number = signalNumbers.SIGSTOP;
export const SIGCONT: number = signalNumbers.SIGCONT;
export const SIGCHLD: number = signalNumbers.SIGCHLD;
export const SIGPIPE: number = signalNumbers.SIGPIPE;
export const SIGHUP: number = signalNumbers.SIGHUP;
export const SIGXFSZ: number = signalNumbers.SIGXFSZ;
export const SIGSYS: number = signalNumbers.SIGSYS;
export const greatestSignal = 64;

/** What a signal does where no handler is set. */
export function defaultAction(signal: number): "terminate" | "core" | "ignore" | "stop" | "continue" {
  switch (signal) {
    case 17:
    case 23:
    case 28:
      return "ignore";
    case 18:
      return "continue";
    case 19:
    case 20:
    case 21:
    case 22:
      return "stop";
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 11:
    case 24:
    case 25:
    case 31:
      return "core";
    default:
      return "terminate";
  }
}

/** How a task ended, as wait(2) encodes it. */
export const exited = (code: number): number => (code & 0xff) << 8;
export const killedBy = (signal: number): number => signal;

/** What `wait4` says of a child. */
export function describeStatus(status: number): { readonly exited: number } | { readonly signal: number } {
  return (status & 0x7f) === 0 ? { exited: (status >> 8) & 0xff } : { signal: status & 0x7f };
}
