/**
 * Long printed text. Jupyter lays all of it out in one task, each time that more of it comes: 10,000 lines take over 30 ms,
 * in which the page answers no key. Here it is in blocks, and the browser lays out those that are near what is seen (CSS
 * Containment 2, `content-visibility`). The text in the page, what is copied, searched and saved is the same.
 */
import { RenderedError, RenderedText } from "@jupyterlab/rendermime";

/** Lines of a block. */
const blockLines = 100;
/** Texts up to so many lines stay as Jupyter draws them. */
const short = 3 * blockLines;

const countLines = (text) => text.split("\n").length - 1;

/** Cuts a text behind every so many lines, the first time behind `left`. @returns {string[]} */
function cut(text, left) {
  const parts = [];
  let from = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    if (--left > 0) continue;
    parts.push(text.slice(from, at + 1));
    from = at + 1;
    left = blockLines;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** Puts the lines of what Jupyter drew into blocks. Coloured spans are cut as texts are; a link stays whole. */
function divide(pre) {
  if (countLines(pre.textContent) <= short) return;
  const blocks = [];
  let block;
  /** Lines that the block still takes. */
  let left = 0;
  const add = (node, lines) => {
    if (left <= 0) {
      block = document.createElement("span");
      block.className = "virtlab-lines";
      blocks.push(block);
      left = blockLines;
    }
    block.append(node);
    left -= lines;
    block.style.setProperty("--virtlab-lines", blockLines - left);
  };
  for (const node of [...pre.childNodes]) {
    const only = node.childNodes.length === 1 ? node.firstChild : undefined;
    const whole = node.nodeType === Node.TEXT_NODE ? node : node.nodeName === "SPAN" ? only : undefined;
    if (whole?.nodeType !== Node.TEXT_NODE) {
      add(node, countLines(node.textContent));
      continue;
    }
    for (const part of cut(whole.data, left > 0 ? left : blockLines)) {
      const text = document.createTextNode(part);
      const cover = whole === node ? text : node.cloneNode(false);
      if (cover !== text) cover.append(text);
      add(cover, countLines(part));
    }
  }
  pre.replaceChildren(...blocks);
}

const dividing = (Rendered) =>
  class extends Rendered {
    render(model) {
      const rendered = super.render(model);
      // Now, when the text is there: the cell looks at its height before the promise is kept, and would have it laid out.
      const pre = this.node.lastElementChild;
      if (pre !== null) divide(pre);
      return rendered;
    }
  };

const Text = dividing(RenderedText);
const Problem = dividing(RenderedError);

/** Before Jupyter's own, which are at 120 and 110. */
export const longTextRenderers = [
  {
    id: "virtlab-ui:text",
    rendererFactory: {
      safe: true,
      mimeTypes: ["text/plain", "application/vnd.jupyter.stdout"],
      createRenderer: (options) => new Text(options),
    },
    rank: 119,
    dataType: "string",
  },
  {
    id: "virtlab-ui:error-text",
    rendererFactory: {
      safe: true,
      mimeTypes: ["application/vnd.jupyter.stderr"],
      createRenderer: (options) => new Problem(options),
    },
    rank: 109,
    dataType: "string",
  },
];
