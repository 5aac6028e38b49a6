/** Draws `application/vnd.plotly.v1+json`, which JupyterLab 4 leaves to an extension. */
import { Widget } from "@lumino/widgets";

const mimeType = "application/vnd.plotly.v1+json";

class PlotlyFigure extends Widget {
  #plotly;
  #resizing = 0;

  constructor() {
    super();
    this.addClass("virtlab-plotly");
    this.node.style.minHeight = "360px";
  }

  async renderModel(model) {
    const { data = [], layout = {}, config = {}, frames } = structuredClone(model.data[mimeType] ?? {});
    this.#plotly ??= (await import("plotly.js-cartesian-dist-min")).default;
    if (this.isDisposed) return;
    const figure = { data, layout: { autosize: true, ...layout }, frames, config: { responsive: false, ...config } };
    await this.#plotly.react(this.node, figure);
    if (this.isAttached && this.isVisible) this.#fit();
  }

  onAfterShow() {
    this.#fit();
  }

  onResize() {
    this.#fit();
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
