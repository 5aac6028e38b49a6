/**
 * Bundles the notebook interface into a folder: `static/` (the bundle), `schemas/` and `themes/` (what the server hands
 * out under /lab/api), `manifest.json` (the scripts of a page) and `licenses.txt`; and `labextension/`, for other
 * people's JupyterLab.
 *
 *   node build.mjs FOLDER
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rspack } from "@rspack/core";
import { describeExtension, federated } from "./labextension.mjs";
import { pages, renderers } from "./plugins.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const require = createRequire(import.meta.url);
const target = resolve(process.argv[2] ?? join(here, "..", "..", "dist", "ui"));

const packageFolder = (name) => join(modules, name);
const readPackage = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const packages = [...new Set([...renderers, ...Object.values(pages).flatMap(Object.keys)])];

/** The text of the bundle's entry, made from the table of plugins. */
function entryText() {
  const styles = packages
    .map((name) => [name, readPackage(packageFolder(name)).styleModule])
    .filter(([, style]) => style !== undefined)
    .map(([name, style]) => `import ${JSON.stringify(`${name}/${style}`)};`);
  const renderer = renderers.map((name, i) => `import * as renderer${i} from ${JSON.stringify(name)};`);
  const page = Object.entries(pages).map(([name, set]) => {
    const loads = Object.entries(set).map(
      ([extension, plugins]) =>
        `import(/* webpackMode: "eager" */ ${JSON.stringify(extension)}).then((m) => choose(m, ${JSON.stringify(plugins)}))`,
    );
    return `  ${JSON.stringify(name)}: async () => (await Promise.all([\n    ${loads.join(",\n    ")},\n  ])).flat(),`;
  });
  return [
    ...styles,
    `import ${JSON.stringify(join(here, "style.css"))};`,
    ...renderer,
    `import plotly from ${JSON.stringify(join(here, "plotly-renderer.mjs"))};`,
    `import { longTextRenderers } from ${JSON.stringify(join(here, "long-text.mjs"))};`,
    `import { mermaidRenderer } from ${JSON.stringify(join(here, "mermaid.mjs"))};`,
    `import { choose, start } from ${JSON.stringify(join(here, "start.mjs"))};`,
    `const mimeExtensions = [${renderers.map((_, i) => `renderer${i}.default`).join(", ")}, plotly, mermaidRenderer, longTextRenderers].flat();`,
    `void start(mimeExtensions, {\n${page.join("\n")}\n});`,
    "",
  ].join("\n");
}

const style = [require.resolve("style-loader"), require.resolve("css-loader")];

/** What the bundle and the themes have in common. */
const common = {
  mode: "production",
  target: "web",
  context: here,
  devtool: false,
  performance: false,
  resolve: {
    modules: [modules, "node_modules"],
    extensions: [".js", ".mjs", ".json"],
    fallback: { path: require.resolve("path-browserify"), url: false, buffer: false, crypto: false, util: false },
  },
};

const assets = [
  { test: /\.svg$/, issuer: /\.css$/, type: "asset/inline" },
  { test: /\.svg$/, issuer: /\.[cm]?js$/, type: "asset/source" },
  { test: /\.(?:png|jpg|gif|ico|webp|eot|ttf|woff2?)(?:\?.*)?$/, type: "asset/resource" },
  { test: /\.(?:md|txt)$/, type: "asset/source" },
];

function run(configuration) {
  return new Promise((done, fail) => {
    rspack(configuration, (error, stats) => {
      if (error !== null && error !== undefined) fail(error);
      else if (stats.hasErrors()) fail(new Error(stats.toString({ preset: "errors-only" })));
      else done(stats);
    });
  });
}

async function bundle() {
  const entry = join(modules, ".virtlab-entry.js");
  writeFileSync(entry, entryText());
  const stats = await run({
    ...common,
    entry: { main: entry },
    output: {
      path: join(target, "static"),
      filename: "[name].[contenthash:16].js",
      chunkFilename: "[name].[contenthash:16].js",
      assetModuleFilename: "[name].[contenthash:16][ext]",
      publicPath: "auto",
      clean: true,
    },
    optimization: { splitChunks: { chunks: "all", cacheGroups: { core: coreGroup } } },
    module: {
      rules: [{ test: /\.css$/, use: style }, { test: /\.[cm]?js$/, resolve: { fullySpecified: false } }, ...assets],
    },
    plugins: [new rspack.DefinePlugin({ "process.env": "{}", "process.platform": '"browser"', global: "globalThis" })],
  });
  const { entrypoints } = stats.toJson({ all: false, entrypoints: true });
  const scripts = entrypoints.main.assets.map(({ name }) => name).filter((name) => name.endsWith(".js"));
  const { version } = readPackage(packageFolder("@jupyter-notebook/application"));
  writeFileSync(join(target, "manifest.json"), JSON.stringify({ scripts, version }));
  licenses(stats, join(target, "licenses.txt"));
}

/** Jupyter's own packages in one file that changes with them alone. */
const coreGroup = {
  test: /[\\/]node_modules[\\/]@(?:jupyterlab|jupyter-notebook|lumino)[\\/]/,
  name: "jupyter",
  chunks: "initial",
};

/** Each theme's style sheet, for the server to hand out when a theme is chosen. */
async function themes() {
  const named = packages.filter((name) => readPackage(packageFolder(name)).jupyterlab?.themePath !== undefined);
  for (const name of named) {
    const { themePath } = readPackage(packageFolder(name)).jupyterlab;
    const folder = join(target, "themes", name);
    await run({
      ...common,
      entry: { index: join(packageFolder(name), themePath) },
      output: { path: folder, publicPath: "", clean: true },
      module: {
        rules: [
          { test: /\.css$/, use: [rspack.CssExtractRspackPlugin.loader, require.resolve("css-loader")] },
          ...assets,
        ],
      },
      plugins: [new rspack.CssExtractRspackPlugin({ filename: "index.css" })],
    });
    rmSync(join(folder, "index.js"), { force: true });
  }
}

/** The settings' schemas, under the plugins' names. */
function schemas() {
  rmSync(join(target, "schemas"), { recursive: true, force: true });
  for (const name of packages) {
    const { schemaDir } = readPackage(packageFolder(name)).jupyterlab ?? {};
    if (schemaDir === undefined) continue;
    const to = join(target, "schemas", name);
    mkdirSync(to, { recursive: true });
    cpSync(join(packageFolder(name), schemaDir), to, { recursive: true });
    // The server says which version of a schema it hands out. (Jupyter's own name for this, package.json.orig, is one that
    // npm leaves out of every package.)
    writeFileSync(join(to, "version"), readPackage(packageFolder(name)).version);
  }
}

/** The plotly renderer for JupyterLab. */
async function labExtension() {
  const folder = join(target, "labextension");
  const stats = await run({ ...common, ...federated(folder) });
  const { assets } = stats.toJson({ all: false, assets: true });
  describeExtension(
    folder,
    assets.map(({ name }) => name),
  );
  licenses(stats, join(folder, "licenses.txt"));
}

/** The licences of what a bundle carries. */
function licenses(stats, file) {
  const folders = new Set();
  const { modules: built = [] } = stats.toJson({
    all: false,
    modules: true,
    nestedModules: true,
    modulesSpace: 100_000,
    nestedModulesSpace: 100_000,
  });
  for (const { identifier = "" } of built) {
    for (const [, folder] of identifier.matchAll(/(\/[^!|]*\/node_modules\/(?:@[^/!|]+\/)?[^/!|]+)\//g))
      folders.add(folder);
  }
  const texts = [...folders]
    .filter((folder) => existsSync(join(folder, "package.json")))
    .sort()
    .map((folder) => {
      const { name, version, license } = readPackage(folder);
      const found = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)/i.test(each));
      const text = found === undefined ? "" : `\n\n${readFileSync(join(folder, found), "utf8").trim()}`;
      return `${name} ${version} (${typeof license === "string" ? license : "see its package"})${text}`;
    });
  writeFileSync(file, `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
}

mkdirSync(target, { recursive: true });
await bundle();
await themes();
schemas();
await labExtension();
