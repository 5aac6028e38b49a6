/** Draws `application/vnd.plotly.v1+json`, which JupyterLab 4 leaves to an extension. */
import { Widget } from "@lumino/widgets";

const mimeType = "application/vnd.plotly.v1+json";

/** A figure without a paper of its own stands on the page's. */
const isOnPage = ({ paper_bgcolor: paper = "#fff" }) => /^(?:transparent|rgba\(.*,\s*0\))$/.test(paper);

class PlotlyFigure extends Widget {
  #plotly;
  #resizing = 0;
  #theme = new MutationObserver(() => this.#recolour());

  constructor() {
    super();
    this.addClass("virtlab-plotly");
    this.node.style.minHeight = "360px";
  }

  async renderModel(model) {
    const { data = [], layout = {}, config = {}, frames } = structuredClone(model.data[mimeType] ?? {});
    this.#plotly ??= (await import("plotly.js-cartesian-dist-min")).default;
    if (this.isDisposed) return;
    const font = isOnPage(layout) ? { ...layout.font, color: this.#ink() } : layout.font;
    const figure = {
      data,
      layout: { autosize: true, ...layout, font },
      frames,
      config: { responsive: false, ...config },
    };
    await this.#plotly.react(this.node, figure);
    if (this.isDisposed) return;
    this.#theme.disconnect();
    if (isOnPage(layout)) this.#theme.observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
    if (this.isAttached && this.isVisible) this.#fit();
  }

  onAfterShow() {
    this.#fit();
  }

  onResize() {
    this.#fit();
  }

  /** The colour of the theme's text. */
  #ink() {
    return getComputedStyle(document.body).getPropertyValue("--jp-content-font-color1").trim() || "#767676";
  }

  #recolour() {
    void this.#plotly.relayout(this.node, { "font.color": this.#ink() });
  }

  /** Takes the cell's width, once per frame however often it changes. */
  #fit() {
    if (this.#plotly === undefined || this.node.layout?.width !== undefined) return;
    cancelAnimationFrame(this.#resizing);
    this.#resizing = requestAnimationFrame(() => {
      if (this.isVisible && this.node.isConnected) void this.#plotly.Plots.resize(this.node);
    });
  }

  dispose() {
    if (this.isDisposed) return;
    this.#theme.disconnect();
    cancelAnimationFrame(this.#resizing);
    this.#plotly?.purge(this.node);
    super.dispose();
  }
}

export default {
  id: "virtlab-ui:plotly",
  // Before the static picture that comes with every figure. A figure is data and runs nothing: it needs no trust.
  rendererFactory: { safe: true, mimeTypes: [mimeType], defaultRank: 0, createRenderer: () => new PlotlyFigure() },
  rank: 0,
  dataType: "json",
};
