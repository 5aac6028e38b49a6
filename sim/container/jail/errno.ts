/** FreeBSD's error numbers, intro(2): from 35 on they are not Linux's. */
const table = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  ESRCH: [3, "No such process"],
  EBADF: [9, "Bad file descriptor"],
  ECHILD: [10, "No child processes"],
  EACCES: [13, "Permission denied"],
  EBUSY: [16, "Device busy"],
  EEXIST: [17, "File exists"],
  ENODEV: [19, "Operation not supported by device"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  EAGAIN: [35, "Resource temporarily unavailable"],
  EPROTONOSUPPORT: [43, "Protocol not supported"],
  EAFNOSUPPORT: [47, "Address family not supported by protocol family"],
  EADDRINUSE: [48, "Address already in use"],
  EADDRNOTAVAIL: [49, "Can't assign requested address"],
  ECONNREFUSED: [61, "Connection refused"],
  ELOOP: [62, "Too many levels of symbolic links"],
  ENOTEMPTY: [66, "Directory not empty"],
  EPROCLIM: [67, "Too many processes"],
  ENOSYS: [78, "Function not implemented"],
  ENOEXEC: [8, "Exec format error"],
} as const;

export type BsdErrno = keyof typeof table;

/** What a system call fails with. */
export class BsdError extends Error {
  override readonly name = "BsdError";
  readonly code: BsdErrno;
  readonly number: number;

  /** @param detail what jail_set(2) writes into "errmsg" */
  constructor(code: BsdErrno, detail?: string) {
    super(detail ?? table[code][1]);
    this.code = code;
    this.number = table[code][0];
  }
}

/** Ends a call with an error. */
export function fail(code: BsdErrno, detail?: string): never {
  throw new BsdError(code, detail);
}
