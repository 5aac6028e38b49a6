import { existsSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { sendFile } from "../contents/files.js";
import { contentType } from "../contents/mime.js";
import { isNotebookName } from "../contents/model.js";
import { openRoot, segmentsOf, type Root } from "../contents/root.js";
import { parameter, redirect, type Exchange } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import { setPolicy } from "../security/headers.js";

/** What the build of the interface says of itself. */
interface Manifest {
  readonly scripts: readonly string[];
  readonly version: string;
}

export interface InterfaceOptions {
  /** The built interface's folder. */
  readonly folder: string;
  readonly root: Root;
  /** The logo as SVG. */
  readonly icon: string;
  /** Whether what is deleted goes into a trash: the interface then asks in other words. */
  readonly hasTrash: boolean;
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A page's configuration, which the interface reads out of the page (JupyterLab's `PageConfig`). */
function configuration(page: string, version: string, more: Readonly<Record<string, string>>): string {
  const config = {
    appName: "virtlab",
    appNamespace: "notebook",
    appVersion: version,
    baseUrl: "/",
    appUrl: "/lab",
    treeUrl: "/tree",
    fullStaticUrl: "/static",
    settingsUrl: "/lab/api/settings",
    fullSettingsUrl: "/lab/api/settings",
    themesUrl: "/lab/api/themes",
    fullThemesUrl: "/lab/api/themes",
    translationsApiUrl: "/lab/api/translations",
    fullTranslationsApiUrl: "/lab/api/translations",
    workspacesApiUrl: "/lab/api/workspaces",
    fullWorkspacesApiUrl: "/lab/api/workspaces",
    frontendUrl: "/",
    notebookPage: page,
    preferredPath: "/",
    terminalsAvailable: "false",
    federated_extensions: "[]",
    ...more,
  };
  // A "<" could end the script that holds it.
  return JSON.stringify(config).replaceAll("<", "\\u003c");
}

function html(
  page: string,
  title: string,
  { scripts, version }: Manifest,
  more: Readonly<Record<string, string>>,
): string {
  const tags = scripts.map((script) => `<script defer src="/static/${escape(script)}"></script>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" type="image/svg+xml" href="/favicon.svg" class="favicon">
<script id="jupyter-config-data" type="application/json">${configuration(page, version, more)}</script>
${tags.join("\n")}
</head>
<body class="jp-ThemedContainer" data-notebook="${page}">
<noscript>The notebook needs JavaScript.</noscript>
</body>
</html>
`;
}

/** The pages of the notebook interface and the files that it is made of. */
export function interfaceRoutes({ folder, root, icon, hasTrash }: InterfaceOptions): readonly Route[] {
  let manifest: Manifest | undefined;
  function built(): Manifest {
    const file = join(folder, "manifest.json");
    if (!existsSync(file)) throw new HttpError(503, "the notebook interface is not built; run npm run build");
    return (manifest ??= JSON.parse(readFileSync(file, "utf8")) as Manifest);
  }

  function show(exchange: Exchange, page: string, more: Readonly<Record<string, string>> = {}): void {
    const name = parameter(exchange, "path").split("/").at(-1) ?? "";
    const config = { delete_to_trash: String(hasTrash), ...more };
    const text = html(page, name === "" ? "virtlab" : name, built(), config);
    setPolicy(exchange.response, "page");
    exchange.response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
    exchange.response.end(text);
  }

  const address = (kind: string, path: string): string =>
    `/${kind}/${segmentsOf(path).map(encodeURIComponent).join("/")}`;

  const page = (name: string): Route => ({
    method: "GET",
    pattern: `/${name}/*path`,
    handle: (exchange) => {
      segmentsOf(parameter(exchange, "path"));
      show(exchange, name);
    },
  });

  const sendIcon = ({ response, parameters }: Exchange): void => {
    const busy = parameters["name"]?.includes("busy") === true;
    response.writeHead(200, { "content-type": "image/svg+xml", "cache-control": "max-age=86400" });
    response.end(busy ? icon.replace("</svg>", '<circle cx="50" cy="50" r="14" fill="#d55e00"/></svg>') : icon);
  };

  return [
    {
      method: "GET",
      pattern: "/",
      handle: (exchange) => {
        redirect(exchange, "/tree");
      },
    },
    {
      method: "GET",
      pattern: "/tree/*path",
      async handle(exchange) {
        const place = await root.locate(parameter(exchange, "path"));
        if ((await stat(place.file)).isDirectory()) show(exchange, "tree", { treePath: place.path });
        else redirect(exchange, address(isNotebookName(place.path) ? "notebooks" : "files", place.path));
      },
    },
    {
      method: "GET",
      pattern: "/notebooks/*path",
      async handle(exchange) {
        const place = await root.locate(parameter(exchange, "path"));
        const isFolder = await stat(place.file).then(
          (stats) => stats.isDirectory(),
          // A notebook that isn't there: the interface says so.
          () => false,
        );
        if (isFolder) redirect(exchange, address("tree", place.path));
        else show(exchange, "notebooks");
      },
    },
    page("edit"),
    page("consoles"),
    { method: "GET", pattern: "/favicon.svg", handle: sendIcon },
    // While a cell runs the interface changes the page's icon to one of several of its own, by these names.
    { method: "GET", pattern: "/static/favicons/:name", handle: sendIcon },
    {
      method: "GET",
      pattern: "/static/*path",
      handle: (exchange) => sendBuilt(exchange, join(folder, "static"), "max-age=31536000, immutable"),
    },
    {
      method: "GET",
      pattern: "/lab/api/themes/*path",
      handle: (exchange) => sendBuilt(exchange, join(folder, "themes"), "no-cache"),
    },
  ];
}

/** A file of the built interface. The bundle's names change with what is in them, so a browser may keep those for ever. */
async function sendBuilt(exchange: Exchange, folder: string, caching: string): Promise<void> {
  const { path, file } = await openRoot(folder).locate(parameter(exchange, "path"));
  await sendFile(exchange, file, { "content-type": contentType(path), "cache-control": caching });
}
