import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { virtlab } from "../../../kernel/cli/commands.js";
import { findJupyter, jupyterArguments } from "../../../kernel/cli/jupyter.js";
import { fakeTerminal, temporaryFolder } from "./terminal.js";

/** A PATH with programs of these names, each of which tells its version and nothing else. */
function pathWith(programs: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, version] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${version}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

const options = {
  folder: "/notes",
  first: "00-tour.ipynb",
  ip: "127.0.0.1",
  port: 8890,
  browser: false,
  cullAfter: 3600,
};

test("JupyterLab comes before Notebook, and each is asked in its own words", () => {
  const both = findJupyter({ PATH: pathWith({ "jupyter-lab": "4.6.6", "jupyter-notebook": "7.6.2" }) });
  expect(both).toMatchObject({ name: "JupyterLab", version: "4.6.6", command: ["jupyter-lab"] });
  expect(jupyterArguments(both, options)).toEqual(
    expect.arrayContaining([
      "--ServerApp.port=8890",
      "--ServerApp.port_retries=0",
      "--LabApp.default_url=/lab/tree/00-tour.ipynb",
      "--MappingKernelManager.cull_idle_timeout=3600",
      "--no-browser",
      "/notes",
    ]),
  );
  const seven = findJupyter({ PATH: pathWith({ "jupyter-notebook": "7.6.2" }) });
  expect(jupyterArguments(seven, options)).toContain("--JupyterNotebookApp.default_url=/notebooks/00-tour.ipynb");
  const six = findJupyter({ PATH: pathWith({ "jupyter-notebook": "6.4.12" }) });
  expect(jupyterArguments(six, options)).toEqual(
    expect.arrayContaining(["--NotebookApp.port=8890", "--NotebookApp.default_url=/notebooks/00-tour.ipynb"]),
  );
});

test("without a port, a tour or a limit Jupyter chooses itself", () => {
  const lab = findJupyter({ PATH: pathWith({ "jupyter-lab": "4.6.6" }) });
  const plain = { ...options, first: undefined, port: undefined, browser: true, cullAfter: 0 };
  const given = jupyterArguments(lab, plain).filter((each) => !each.endsWith("allow_root=True"));
  expect(given).toEqual(["--ServerApp.ip=127.0.0.1", "/notes"]);
});

test("the Python that is named is the only one that is asked", () => {
  const path = pathWith({ "jupyter-lab": "4.6.6" });
  const python = join(pathWith({ "my-python": "7.1.0" }), "my-python");
  expect(findJupyter({ PATH: path, VIRTLAB_PYTHON: python }).command).toEqual([python, "-m", "jupyterlab"]);
  expect(() => findJupyter({ PATH: path, VIRTLAB_PYTHON: "/nowhere/python" })).toThrow(/in \/nowhere\/python$/);
});

test("where there is none, one line says what to do", async () => {
  const terminal = fakeTerminal({ PATH: temporaryFolder() });
  expect(await virtlab(["start", temporaryFolder(), "--jupyter"], terminal)).toBe(2);
  expect(terminal.shown.err).toMatch(
    /^virtlab: there is no JupyterLab or Jupyter Notebook on the PATH\. Install one \(pip install jupyterlab\)[^\n]*\n$/,
  );
});
