import { randomUUID } from "node:crypto";
import { HttpError } from "../http/http-error.js";
import type { Kernel, KernelModel } from "./kernel.js";
import type { Kernels } from "./kernels.js";

/** A notebook or console that is open, with its kernel (jupyter-server's OpenAPI description, "Session"). */
interface Session {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly kernel: string;
}

interface SessionModel extends Omit<Session, "kernel"> {
  readonly kernel: KernelModel;
  /** For notebooks, as older clients look for it. */
  readonly notebook?: { readonly path: string; readonly name: string };
}

export interface SessionRequest {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly kernelName: string | undefined;
  readonly kernelId: string | undefined;
}

/** Starts a kernel where a notebook of this path lies. */
export type StartFor = (path: string, kernelName: string | undefined) => Promise<Kernel>;

export interface Sessions {
  list(): readonly SessionModel[];
  /** @throws HttpError 404 */
  get(id: string): SessionModel;
  /** The session that the path and type already have, or a new one. */
  open(request: SessionRequest): Promise<SessionModel>;
  /** Gives a session another path, name, type or kernel. */
  change(id: string, change: Partial<SessionRequest>): Promise<SessionModel>;
  /** Ends a session and, where no other one uses it, its kernel. */
  close(id: string): Promise<void>;
  /** A file or folder has another path: the sessions below it go along. */
  moved(from: string, to: string): void;
}

export function createSessions(kernels: Kernels, startFor: StartFor): Sessions {
  const sessions = new Map<string, Session>();
  /** Two tabs that open one notebook at once get one kernel. */
  const opening = new Map<string, Promise<SessionModel>>();

  kernels.onEnded((kernel) => {
    for (const session of sessions.values()) if (session.kernel === kernel) sessions.delete(session.id);
  });

  function model({ kernel, ...session }: Session): SessionModel {
    const { path, name, type } = session;
    return {
      ...session,
      kernel: kernels.get(kernel).model(),
      ...(type === "notebook" ? { notebook: { path, name } } : {}),
    };
  }

  function find(id: string): Session {
    const session = sessions.get(id);
    if (session === undefined) throw new HttpError(404, `there is no session ${id.slice(0, 100)}`);
    return session;
  }

  const kernelFor = async (path: string, id: string | undefined, name: string | undefined): Promise<string> =>
    id === undefined ? (await startFor(path, name)).id : kernels.get(id).id;

  async function create({ path, name, type, kernelId, kernelName }: SessionRequest): Promise<SessionModel> {
    const kernel = await kernelFor(path, kernelId, kernelName);
    const session = { id: randomUUID(), path, name, type, kernel };
    sessions.set(session.id, session);
    return model(session);
  }

  /** Ends a kernel that no session uses any more. */
  async function release(kernel: string): Promise<void> {
    const used = [...sessions.values()].some((session) => session.kernel === kernel);
    if (!used && kernels.has(kernel)) await kernels.shutdown(kernel);
  }

  return {
    list: () => [...sessions.values()].map(model),
    get: (id) => model(find(id)),
    async open(request) {
      const known = [...sessions.values()].find(({ path, type }) => path === request.path && type === request.type);
      if (known !== undefined) return model(known);
      const key = `${request.type}:${request.path}`;
      const pending = opening.get(key) ?? create(request);
      opening.set(key, pending);
      try {
        return await pending;
      } finally {
        opening.delete(key);
      }
    },
    async change(id, { path, name, type, kernelId, kernelName }) {
      const before = find(id);
      const place = path ?? before.path;
      const kernel =
        kernelId === undefined && kernelName === undefined
          ? before.kernel
          : await kernelFor(place, kernelId, kernelName);
      const after = { ...before, path: place, name: name ?? before.name, type: type ?? before.type, kernel };
      sessions.set(id, after);
      if (kernel !== before.kernel) await release(before.kernel);
      return model(after);
    },
    async close(id) {
      const { kernel } = find(id);
      sessions.delete(id);
      await release(kernel);
    },
    moved(from, to) {
      for (const session of sessions.values()) {
        const { id, path } = session;
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        const next = `${to}${path.slice(from.length)}`;
        sessions.set(id, { ...session, path: next, name: next.slice(next.lastIndexOf("/") + 1) });
      }
    },
  };
}
