/**
 * The plotly renderer as a prebuilt extension of JupyterLab 4 and Notebook 7, which draw no plotly figure themselves: a
 * folder for Jupyter's `labextensions/`, whose module the page loads by module federation
 * (jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html, "Prebuilt Extensions"). It has what
 * @jupyterlab/builder would write, made by the bundler that is here anyway.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rspack } from "@rspack/core";

const here = dirname(fileURLToPath(import.meta.url));

/** The extension's name: its folder, and its place in the page's `_JUPYTERLAB`. */
const name = "virtlab";
const mimeExtension = "./mimeExtension";

/** What the bundler is told. @param {string} folder the extension's */
export const federated = (folder) => ({
  entry: {},
  output: {
    path: join(folder, "static"),
    filename: "[name].[contenthash:16].js",
    chunkFilename: "[name].[contenthash:16].js",
    publicPath: "auto",
    uniqueName: name,
    clean: true,
  },
  plugins: [
    // The first version's containers are webpack's, as JupyterLab loads them.
    new rspack.container.ModuleFederationPluginV1({
      name,
      library: { type: "var", name: ["_JUPYTERLAB", name] },
      filename: "remoteEntry.[contenthash:16].js",
      exposes: { [mimeExtension]: join(here, "plotly-renderer.mjs") },
      // The page's own: widgets of a second copy would not fit into it. All of JupyterLab 4 has Lumino 2.
      shared: { "@lumino/widgets": { singleton: true, import: false, requiredVersion: "^2.0.0" } },
    }),
  ],
});

/** Writes what Jupyter reads to find the module. @param {readonly string[]} files what was bundled */
export function describeExtension(folder, files) {
  const entry = files.find((file) => file.startsWith("remoteEntry."));
  const { version, license } = JSON.parse(readFileSync(join(here, "..", "..", "package.json"), "utf8"));
  const write = (file, value) => writeFileSync(join(folder, file), `${JSON.stringify(value, undefined, 2)}\n`);
  write("package.json", {
    name,
    version,
    description: "Draws plotly figures, of whichever kernel",
    license,
    jupyterlab: { mimeExtension: true, _build: { load: `static/${entry}`, mimeExtension } },
  });
  // What JupyterLab's list of extensions says of it.
  write("install.json", { packageManager: "npm", packageName: name, uninstallInstructions: "virtlab uninstall" });
}
