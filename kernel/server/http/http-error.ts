/** A request that gets no answer but a status and the reason, as Jupyter's own server words it: `{message, reason}`. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

const statusOfCode: Readonly<Record<string, readonly [number, string]>> = {
  ENOENT: [404, "no such file or folder"],
  ENOTDIR: [404, "no such file or folder"],
  ELOOP: [404, "no such file or folder"],
  ENAMETOOLONG: [400, "the name is too long"],
  EACCES: [403, "permission denied"],
  EPERM: [403, "permission denied"],
  EROFS: [403, "the file system is read-only"],
  EEXIST: [409, "it exists already"],
  ENOTEMPTY: [400, "the folder is not empty"],
  EISDIR: [400, "it is a folder"],
  EINVAL: [400, "the name is impossible here"],
  EILSEQ: [400, "the name is impossible here"],
  ENOSPC: [507, "the disk is full"],
  EDQUOT: [507, "the disk quota is used up"],
  EMFILE: [503, "too many files are open"],
};

/** What a client is told of an error: the file system's have a status of their own, ours has none but 500. */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const known = code === undefined ? undefined : statusOfCode[code];
  if (known !== undefined) return new HttpError(known[0], known[1]);
  return new HttpError(500, "the server failed; its terminal says how");
}
