/**
 * What the page runs when it carries plotly.js: draws each figure over its static picture, in the page's own text colour,
 * and again when the reader changes between light and dark. A figure that can't be drawn leaves the static picture.
 */
export const script = `
(() => {
  const ink = () => getComputedStyle(document.body).color;
  const drawn = [];
  for (const plot of document.querySelectorAll(".plot")) {
    const live = plot.querySelector(".live");
    const { data, layout, config } = JSON.parse(plot.querySelector("script").textContent);
    const font = { ...layout.font, color: ink() };
    const back = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    const options = { displaylogo: false, responsive: true, ...config };
    Promise.resolve()
      .then(() => Plotly.newPlot(live, data, { ...back, ...layout, font }, options))
      .then(() => {
        plot.classList.add("drawn");
        drawn.push(live);
      })
      .catch((error) => {
        plot.classList.remove("drawn");
        console.warn("a figure stays static:", error);
      });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const live of drawn) Plotly.relayout(live, { "font.color": ink() });
  });
})();
`;
