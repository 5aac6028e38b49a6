import { withDefaults, type TableView } from "../core/index.js";
import { Fvm, NtKernel, type NtSys } from "../container/index.js";

export interface FvmOptions {
  /** The computer's name. */
  readonly name: string;
  /** Addresses of its card: a VM may have one. */
  readonly addresses: readonly string[];
}

/** A small Windows-like system with FVM on it: `host` makes calls outside of all VMs, `create` makes a VM and gives calls inside of it. */
export class FvmHost {
  readonly kernel: NtKernel;
  /** System calls as a process of the host makes them: `host.NtCreateFile("\\??\\C:\\Windows\\app.exe", "read")`. */
  readonly host: NtSys;
  readonly #layer: Fvm;

  constructor(options?: Partial<FvmOptions>) {
    const given = withDefaults<FvmOptions>("fvm", options, {
      name: "PC",
      addresses: ["192.0.2.10", "192.0.2.11", "192.0.2.12"],
    });
    this.kernel = new NtKernel(given);
    this.host = this.kernel.sys(this.kernel.spawn("explorer.exe", 4));
    this.#layer = new Fvm(this.kernel);
  }

  /** Makes a VM and a process in it. @returns the process's system calls */
  create(name: string, options?: { readonly address?: string; readonly processes?: number }): NtSys {
    this.#layer.create(name, options);
    return this.#layer.start(name);
  }

  /** What a VM has changed of the host's files and registry, and only sees itself. */
  changes(name: string): TableView {
    const rows = this.#layer.changes(name).map(({ change, path }) => ({ change, path }));
    return { as: "table", title: `What ${name} has changed`, columns: [{ key: "change" }, { key: "path" }], rows };
  }

  /** Makes a VM's changes the host's. */
  commit(name: string): this {
    this.#layer.commit(name);
    return this;
  }

  /** Ends a VM, and forgets its changes. */
  remove(name: string): this {
    this.#layer.remove(name);
    return this;
  }

  view(): TableView {
    const rows = this.#layer.machines().map(({ name, address, pids }) => ({
      vm: name,
      address: address ?? "",
      processes: pids.size,
      changes: this.#layer.changes(name).length,
    }));
    const columns = ["vm", "address", "processes", "changes"].map((key) => ({ key }));
    return { as: "table", title: "Feather-weight virtual machines", columns, rows };
  }
}

/** A small Windows-like system with FVM. @throws UsageError for an unknown option */
export const fvm = (options?: Partial<FvmOptions>): FvmHost => new FvmHost(options);
