/** Draws `application/vnd.plotly.v1+json`, which JupyterLab 4 leaves to an extension. */
import { Widget } from "@lumino/widgets";
import { fitted, unhidden } from "./plotly-fit.mjs";

const mimeType = "application/vnd.plotly.v1+json";

/** A figure without a paper of its own stands on the page's. */
const isOnPage = ({ paper_bgcolor: paper = "#fff" }) => /^(?:transparent|rgba\(.*,\s*0\))$/.test(paper);

class PlotlyFigure extends Widget {
  #plotly;
  /** The layout that came, whatever has been fitted since. */
  #layout = {};
  #width = 0;
  #resizing = 0;
  #theme = new MutationObserver(() => this.#recolour());

  constructor() {
    super();
    this.addClass("virtlab-plotly");
  }

  async renderModel(model) {
    const { data = [], layout = {}, config = {}, frames } = structuredClone(model.data[mimeType] ?? {});
    this.node.style.minHeight = `${layout.height ?? 360}px`;
    this.#plotly ??= (await import("plotly.js-cartesian-dist-min")).default;
    if (this.isDisposed) return;
    // A copy: plotly writes what it is told into the one that it was given.
    [this.#layout, this.#width] = [structuredClone(layout), 0];
    const font = isOnPage(layout) ? { ...layout.font, color: this.#ink() } : layout.font;
    const figure = {
      data,
      layout: { autosize: true, ...layout, font },
      frames,
      // The page tells of its sizes, and more often than the window does.
      config: { ...config, responsive: false },
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
    if (this.#plotly === undefined || this.#layout.width !== undefined) return;
    cancelAnimationFrame(this.#resizing);
    this.#resizing = requestAnimationFrame(() => {
      if (this.isVisible && this.node.isConnected) void this.#takeWidth(this.node.clientWidth);
    });
  }

  async #takeWidth(width) {
    const layout = fitted(this.#layout, width);
    if (layout === undefined) {
      this.#plotly.Plots.resize(this.node);
      return;
    }
    if (width === this.#width) return;
    this.#width = width;
    await this.#plotly.relayout(this.node, layout);
    const clear = this.isDisposed ? undefined : unhidden(this.node, this.node.layout);
    if (clear !== undefined) await this.#plotly.relayout(this.node, clear);
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
