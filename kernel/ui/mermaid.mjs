/** Mermaid's diagrams: what JupyterLab's package has for them, in outputs too, and in the colours of the theme that is chosen. */
import { IThemeManager } from "@jupyterlab/apputils";
import { IMermaidManager, RenderedMermaid } from "@jupyterlab/mermaid";
import extension from "@jupyterlab/mermaid-extension/lib/mime.js";
import { INotebookTracker } from "@jupyterlab/notebook";

class Diagram extends RenderedMermaid {
  /** Draws, and leaves the output as it came: Jupyter's would put its picture in, which is then saved in this theme's colours. */
  renderModel({ data, metadata }) {
    return super.renderModel({ data, metadata, setData: () => undefined });
  }
}

/**
 * Draws `text/vnd.mermaid`. Behind SVG, which is at 80: where a kernel gives both, its own picture has colours and a caption
 * that mermaid's lacks.
 */
export const mermaidRenderer = {
  ...extension,
  rendererFactory: { ...extension.rendererFactory, createRenderer: (options) => new Diagram(options) },
  rank: 85,
};

/** Every diagram of the page, and of notebooks' cells that are far away and so not in the page for now. */
function diagrams(notebooks) {
  const roots = [document];
  notebooks.forEach(({ content }) => roots.push(...content.widgets.map(({ node }) => node)));
  return new Set(roots.flatMap((root) => [...root.querySelectorAll(".jp-RenderedMermaid figure")]));
}

async function redraw(mermaid, figure) {
  const text = figure.querySelector("code.mermaid")?.textContent;
  if (!text) return;
  const drawn = (await mermaid.renderFigure(text)).querySelector("img");
  const shown = figure.querySelector("img");
  if (drawn !== null && shown !== null) shown.src = drawn.src;
}

/** Jupyter's own manager notes a new theme for diagrams to come, and leaves those that are there as they are. */
export const mermaidTheme = {
  id: "virtlab-ui:mermaid-theme",
  description: "Draws mermaid's diagrams anew when the theme changes.",
  autoStart: true,
  requires: [IMermaidManager, IThemeManager, INotebookTracker],
  activate(_app, mermaid, themes, notebooks) {
    let last = Promise.resolve();
    const redrawAll = async () => {
      // What an earlier theme's turn was still drawing may have come into its cache since.
      mermaid.initialize();
      for (const figure of diagrams(notebooks)) await redraw(mermaid, figure);
    };
    themes.themeChanged.connect(() => {
      last = last.then(redrawAll).catch((error) => console.error("a diagram keeps the theme before", error));
    });
  },
};
