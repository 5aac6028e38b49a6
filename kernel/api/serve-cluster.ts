import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { minutes, ms, ns, s, UsageError, withDefaults, type TextView } from "../../sim/core/index.js";
import type { k8s } from "../../sim/lab/index.js";
import { serveKubernetes } from "../server/index.js";

export interface ServeClusterOptions {
  /** A port of this computer; 0, the default, takes a free one. */
  readonly port: number;
  /** Where the configuration for clients is written. Default a new file in a folder of its own, removed at the end. */
  readonly kubeconfig: string;
  /** How many seconds pass in the cluster in one outside while somebody watches it. Default 1. */
  readonly pace: number;
}

/**
 * A cluster that stock clients may come to. Whoever reads finds the cluster at rest: before the answer it is let come there, for ten
 * minutes of its time at most, or ten seconds where pods have processes, which sleep and wake on their own. Writes that follow one another go in
 * at once. While a watch is open the cluster's time passes at `pace`, and else it stands.
 */
export interface ServedCluster {
  readonly port: number;
  /** The file for `KUBECONFIG`: it holds a token that may do all in the cluster. */
  readonly kubeconfig: string;
  /** Ends all connections and gives the port back. */
  close(): Promise<void>;
  /** What to type to reach it. */
  view(): TextView;
}

const longest = { hollow: minutes(10), processes: s(10) };
/** When a write's effects come that nobody has read, in milliseconds. */
const unread = 250;
/** What passes behind each thing that is said to a process: so a command's answer is there at once. */
const reaction = ms(200);
/** How often time is let pass while somebody watches. */
const beat = 100;

const refused = (): k8s.ApiResponse => {
  throw new UsageError("the API server doesn't run", 'Start it with start("kube-apiserver").');
};

/** @throws UsageError for a port or a file that can't be had */
export async function serveCluster(cluster: k8s.Cluster, given?: Partial<ServeClusterOptions>): Promise<ServedCluster> {
  const options = withDefaults<ServeClusterOptions>("serve", given, { port: 0, kubeconfig: "", pace: 1 });
  if (!(options.pace >= 0 && options.pace <= 1000))
    throw new UsageError(`a cluster can't be served at a pace of ${options.pace}`, "Give a number from 0 to 1000.");
  const time = new WatchedTime(cluster, options.pace);
  let soon: NodeJS.Timeout | undefined;
  const rest = (): void => {
    clearTimeout(soon);
    soon = undefined;
    cluster.advance(cluster.areMachines ? longest.processes : longest.hollow);
  };
  const later = (): void => {
    try {
      rest();
    } catch (error) {
      // A world that was cut refuses to run: whoever reads is told.
      if (!(error instanceof UsageError)) throw error;
    }
  };
  const served = await serveKubernetes(
    {
      handle: (request) => {
        const reads = request.method === "GET" || request.method === "HEAD";
        if (reads) rest();
        const answer = time.watched(cluster.plane.answer(request) ?? refused());
        if (!reads) soon ??= setTimeout(later, unread).unref();
        return answer;
      },
    },
    {
      port: options.port,
      token: "admin",
      step: () => {
        cluster.advance(reaction);
      },
      opened: () => time.open(),
    },
  );
  const own = options.kubeconfig === "";
  const path = own ? join(mkdtempSync(join(tmpdir(), "virtlab-kubernetes-")), "config") : options.kubeconfig;
  try {
    writeFileSync(path, served.kubeconfig, { mode: 0o600 });
  } catch (error) {
    await served.close();
    throw new UsageError(
      `the kubeconfig can't be written: ${(error as Error).message}`,
      "Name a file in a folder that is there.",
    );
  }
  return {
    port: served.port,
    kubeconfig: path,
    close: async () => {
      clearTimeout(soon);
      time.stop();
      await served.close();
      if (own) rmSync(dirname(path), { recursive: true, force: true });
    },
    view: () => ({ as: "text", text: `export KUBECONFIG=${path}\nkubectl get nodes` }),
  };
}

type Answer = ReturnType<k8s.Cluster["api"]["handle"]>;

/** Lets a cluster's time pass while streams of it are open. */
class WatchedTime {
  readonly #cluster: k8s.Cluster;
  readonly #pace: number;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(cluster: k8s.Cluster, pace: number) {
    this.#cluster = cluster;
    this.#pace = pace;
  }

  /** The same answer; where it is a stream, counted while it is open. */
  watched(answer: Answer): Answer {
    if (answer.stream === undefined) return answer;
    const stream: typeof answer.stream = (sink) => {
      const end = this.open();
      const stop = answer.stream({
        event: (event) => {
          sink.event(event);
        },
        end: () => {
          end();
          sink.end();
        },
      });
      return () => {
        end();
        stop();
      };
    };
    return { ...answer, stream };
  }

  /** Something is open from now on. @returns what ends that */
  open(): () => void {
    let over = false;
    this.#open++;
    this.#timer ??= setInterval(this.#pass, beat).unref();
    return () => {
      if (over) return;
      over = true;
      this.#open--;
      if (this.#open === 0) this.stop();
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #pass = (): void => {
    const { engine } = this.#cluster.world;
    const span = s((beat / 1000) * this.#pace);
    try {
      engine.run(ns(engine.now + span));
    } catch (error) {
      // A world that was cut refuses to run: its time stands.
      this.stop();
      if (!(error instanceof UsageError)) throw error;
    }
  };
}
