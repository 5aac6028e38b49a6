/** What a socket's call fails with, by Linux's names (errno(3)): an outcome, not an exception. */
export type Errno =
  | "EACCES"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EAGAIN"
  | "EALREADY"
  | "EBADF"
  | "ECONNABORTED"
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "EDESTADDRREQ"
  | "EHOSTUNREACH"
  | "EINPROGRESS"
  | "EINVAL"
  | "EISCONN"
  | "EMSGSIZE"
  | "ENETUNREACH"
  | "ENOTCONN"
  | "EPERM"
  | "EPIPE"
  | "ETIMEDOUT";

/** Whether what a call gave is an error: `if (isErrno(got)) …`. Data are bytes or objects, so a text is an error. */
export const isErrno = <T>(outcome: T): outcome is Extract<T, string> => typeof outcome === "string";
