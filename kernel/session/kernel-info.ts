import { protocolVersion, type KernelInfo } from "../wire/index.js";

/** @param versions of this package and of the TypeScript compiler that checks the cells */
export function kernelInfo(versions: { readonly kernel: string; readonly typescript: string }): KernelInfo {
  return {
    protocol_version: protocolVersion,
    implementation: "virtlab",
    implementation_version: versions.kernel,
    language_info: {
      name: "typescript",
      version: versions.typescript,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      // A string: as an object it makes JupyterLab highlight JavaScript, as a MIME type it breaks the classic Notebook.
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: `virtlab ${versions.kernel}: TypeScript ${versions.typescript} on Node.js ${process.versions.node}`,
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "JavaScript", url: "https://developer.mozilla.org/docs/Web/JavaScript" },
      { text: "Node.js", url: `https://nodejs.org/docs/latest-v${process.versions.node.split(".")[0] ?? ""}.x/api/` },
    ],
    supported_features: ["debugger", "kernel subshells"],
    debugger: true,
  };
}
