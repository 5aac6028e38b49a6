import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectionError } from "./connection-error.js";

export const channels = ["shell", "iopub", "stdin", "control", "hb"] as const;
export type Channel = (typeof channels)[number];

type Ports = Readonly<Record<`${Channel}_port`, number>>;

/** What a connection file holds. */
export interface Connection extends Ports {
  readonly transport: "tcp" | "ipc";
  /** An address for tcp, the sockets' common path for ipc. */
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly kernel_name?: string;
}

/** The ZeroMQ address of one channel. */
export function address(connection: Connection, channel: Channel): string {
  const port = connection[`${channel}_port`];
  return connection.transport === "tcp"
    ? `tcp://${connection.ip.includes(":") ? `[${connection.ip}]` : connection.ip}:${port}`
    : `ipc://${socketPath(connection, channel)}`;
}

/** The file that an ipc channel leaves on the disk while it is bound. */
export function socketPath(connection: Connection, channel: Channel): string {
  return `${connection.ip}-${connection[`${channel}_port`]}`;
}

/** @throws ConnectionError that names the file and the field */
export function readConnection(file: string): Connection {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConnectionError(
      `the connection file ${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      "A Jupyter client writes it and passes its path; to run a notebook without one, use `virtlab run`.",
    );
  }
  return parseConnection(text, file);
}

/** @throws ConnectionError that names `file` and the field */
export function parseConnection(text: string, file: string): Connection {
  const bad = (what: string): ConnectionError =>
    new ConnectionError(`the connection file ${file} ${what}`, "Let the Jupyter client write it anew.");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad("is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("holds no JSON object");
  const fields = new Map(Object.entries(value));

  const string = (name: string, fallback?: string): string => {
    const field: unknown = fields.get(name) ?? fallback;
    if (typeof field !== "string") throw bad(`has no string "${name}"`);
    return field;
  };
  const port = (channel: Channel): number => {
    const field: unknown = fields.get(`${channel}_port`);
    if (typeof field !== "number" || !Number.isInteger(field) || field < 1 || field > 65_535) {
      throw bad(`has no port number "${channel}_port" from 1 to 65535`);
    }
    return field;
  };

  const transport = string("transport", "tcp");
  if (transport !== "tcp" && transport !== "ipc") throw bad(`has the transport "${transport}", not "tcp" or "ipc"`);
  const kernelName: unknown = fields.get("kernel_name");
  return {
    transport,
    ip: string("ip"),
    key: string("key", ""),
    signature_scheme: string("signature_scheme", "hmac-sha256"),
    shell_port: port("shell"),
    iopub_port: port("iopub"),
    stdin_port: port("stdin"),
    control_port: port("control"),
    hb_port: port("hb"),
    ...(typeof kernelName === "string" && kernelName !== "" ? { kernel_name: kernelName } : {}),
  };
}

/**
 * A new connection on this machine, with a random key. The five tcp ports are free when this returns; another program
 * may take one before the kernel binds it, as with every Jupyter client.
 */
export async function newConnection(options: { readonly transport?: "tcp" | "ipc" } = {}): Promise<Connection> {
  const common = { key: randomUUID(), signature_scheme: "hmac-sha256", kernel_name: "virtlab" };
  if (options.transport === "ipc") {
    // sun_path holds 108 bytes on Linux and 104 on macOS: the name is short.
    const ip = join(tmpdir(), `virtlab-${randomUUID().slice(0, 8)}`);
    return {
      transport: "ipc",
      ip,
      ...common,
      shell_port: 1,
      iopub_port: 2,
      stdin_port: 3,
      control_port: 4,
      hb_port: 5,
    };
  }
  const ip = "127.0.0.1";
  // All five are held at once, so that they differ.
  const servers = await Promise.all(channels.map(() => listen(ip)));
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = servers.map(({ port }) => port) as Five;
  await Promise.all(servers.map(({ server }) => new Promise((closed) => server.close(closed))));
  return { transport: "tcp", ip, ...common, shell_port, iopub_port, stdin_port, control_port, hb_port };
}

type Five = [number, number, number, number, number];

function listen(host: string): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) resolve({ server, port: bound.port });
      else reject(new ConnectionError(`no free tcp port on ${host}`, 'Use the transport "ipc".'));
    });
  });
}
