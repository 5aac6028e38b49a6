/** An executed notebook that holds every kind of cell and output, its pictures made by `present`. */
import { present, presentAll, type MimeBundle } from "../../../kernel/display/index.js";
import * as views from "./views.js";

let count = 0;

const markdown = (source: string, attachments?: object): object => ({
  cell_type: "markdown",
  id: "m",
  metadata: {},
  source,
  ...(attachments && { attachments }),
});

const code = (source: string, ...outputs: object[]): object => ({
  cell_type: "code",
  id: "c",
  metadata: {},
  execution_count: ++count,
  source: source.split(/(?<=\n)/),
  outputs,
});

const data = (bundle: MimeBundle): object => ({ output_type: "display_data", metadata: {}, data: bundle });

const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC";

export const notebook: object = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: "typescript" } },
  cells: [
    markdown(
      "# The virtual disk\n\nA cloud volume is a *file*. The seek takes $a_1 + b_2\\sqrt{d}$ and not 3 $ or 5 $ of anything:\n\n$$t = t_{seek} + \\frac{1}{2}t_{rev}$$\n\n| where | what |\n|---|---|\n| host | `image.qcow2` |\n\n<details><summary>Hint</summary>\n\nSectors count **from 1**.\n\n</details>\n\nSee [the measurement](#Measure-it).\n\n![dot](attachment:dot.png)",
      {
        "dot.png": { "image/png": pixel },
      },
    ),
    code(
      `import { lab, GiB, show } from "virtlab";\n\n// one world, one seed\nconst world = lab({ seed: 12 });\nconst disk = world.disk({ size: GiB(20) });\nfor (const size of [4, 64]) console.log(\`\${size} KiB\`, disk.read(size));`,
      { output_type: "stream", name: "stdout", text: ["4 KiB 8.2 ms\n", "64 KiB 8.6 ms\n"] },
      {
        output_type: "stream",
        name: "stderr",
        text: "\u001B[33mwarning\u001B[0m: the cache is \u001B[1moff\u001B[22m <really>\n10 %\r50 %\r100 %\n",
      },
    ),
    markdown("## Measure it\n\nWhat the picture says, in two sentences."),
    code("disk.latency()", data(present(views.lines))),
    code("disk.exits()", data(present(views.table))),
    markdown("## Compare\n\n### Techniques"),
    code("vmm.compare()", ...presentAll({ as: "group", views: [views.bars, views.dense] }).map(data)),
    code("[host.timeline(), guest.dirty()]", data(present(views.lanes)), data(present(views.heat))),
    markdown("### Structure"),
    code("cluster.graph()", data(present(views.graph)), data(present(views.sequence))),
    code("({ tuple: [1, 2], map: new Map([['a', 1n]]) })", {
      output_type: "execute_result",
      execution_count: 9,
      metadata: {},
      data: { "text/plain": "{ tuple: [ 1, 2 ], map: Map(1) { 'a' => 1n } }" },
    }),
    code('%%sh\ndocker ps --all | grep web && echo "done"', data({ "image/png": pixel, "text/plain": "a square" })),
    code("const n: number = boom();", {
      output_type: "error",
      ename: "UsageError",
      evalue: "no",
      traceback: [
        '\u001B[31mUsageError\u001B[39m: disk has no option "sise"',
        '  Did you mean "size"? <b>not bold</b>',
      ],
    }),
    { cell_type: "raw", id: "r", metadata: {}, source: "raw <text>" },
  ],
};
