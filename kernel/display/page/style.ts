/** The page's style sheet: light and dark by the reader's own setting, one column, contents at the side where there is room. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1f2328; --soft: #5c6670; --line: #d8dee4; --box: #f5f7f9; --accent: #0a5ea8; --alert: #fff1f0; --warn: #fff8e6;
  --ansi-0: #24292f; --ansi-1: #b3261e; --ansi-2: #116329; --ansi-3: #7d5b00; --ansi-4: #0a5ea8; --ansi-5: #7b2fa8; --ansi-6: #0f6b75; --ansi-7: #6e7781;
  --ansi-8: #57606a; --ansi-9: #c9362c; --ansi-10: #1a7f37; --ansi-11: #8a6500; --ansi-12: #1f74c9; --ansi-13: #9145bd; --ansi-14: #1b7c83; --ansi-15: #8c959f;
  --jp-content-font-color1: var(--ink);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e3e7eb; --soft: #9aa4ae; --line: #343b43; --box: #1d2228; --accent: #6cb2f5; --alert: #3a1d1c; --warn: #332a12;
    --ansi-0: #7d8590; --ansi-1: #ff7b72; --ansi-2: #56d364; --ansi-3: #e3b341; --ansi-4: #6cb2f5; --ansi-5: #d2a8ff; --ansi-6: #56d4dd; --ansi-7: #b1bac4;
    --ansi-8: #8b949e; --ansi-9: #ffa198; --ansi-10: #7ee787; --ansi-11: #f2cc60; --ansi-12: #9ccbf9; --ansi-13: #e2c5ff; --ansi-14: #8ae8ee; --ansi-15: #f0f6fc;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
a { color: var(--accent); }
main { max-width: 56rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
nav { font-size: 0.875rem; line-height: 1.4; border: 1px solid var(--line); border-radius: 8px; margin: 1rem auto 0; padding: 0.5rem 1rem; max-width: 53.5rem; }
nav ol { list-style: none; margin: 0.5rem 0 0; padding: 0; }
nav li { margin: 0.35rem 0; }
nav a { color: var(--soft); text-decoration: none; }
nav a:hover, nav a:focus { color: var(--accent); text-decoration: underline; }
nav .level-2 { padding-left: 0.9rem; } nav .level-3 { padding-left: 1.8rem; }
nav summary { font-weight: 600; cursor: pointer; }
@media (min-width: 84rem) {
  nav { position: fixed; left: 1.25rem; top: 1.25rem; width: 15rem; max-height: calc(100vh - 2.5rem); overflow-y: auto; margin: 0; border: 0; }
  main { margin-left: max(18rem, calc(50vw - 28rem)); margin-right: auto; }
}
h1, h2, h3, h4 { line-height: 1.25; margin: 1.8em 0 0.6em; } h1 { font-size: 1.9rem; margin-top: 0.2em; } h2 { font-size: 1.4rem; padding-bottom: 0.25em; border-bottom: 1px solid var(--line); } h3 { font-size: 1.15rem; }
.cell { margin: 1rem 0; }
.prose > :first-child { margin-top: 0; } .prose img { max-width: 100%; }
.prose table { border-collapse: collapse; } .prose th, .prose td { border-bottom: 1px solid var(--line); padding: 0.3em 0.8em; text-align: left; }
.prose blockquote { margin: 1em 0; padding: 0.1em 1em; border-left: 3px solid var(--line); color: var(--soft); }
.prose details { border: 1px solid var(--line); border-radius: 6px; padding: 0.4rem 0.9rem; margin: 0.75rem 0; } .prose summary { cursor: pointer; }
.tex { font-family: "Cambria Math", "STIX Two Math", "Latin Modern Math", Georgia, serif; white-space: pre-wrap; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.875em; }
pre { margin: 0; line-height: 1.45; overflow-x: auto; tab-size: 2; }
.prose :not(pre) > code { background: var(--box); border-radius: 4px; padding: 0.15em 0.35em; }
pre.source { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem 0.9rem; }
pre.source code { font-size: 1em; }
.prompt { color: var(--soft); font: 0.75rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: 0 0 0.2rem; }
.outputs { margin-top: 0.5rem; padding-left: 0.9rem; border-left: 3px solid var(--line); overflow-x: auto; }
.outputs > * { margin: 0.4rem 0; }
.outputs pre { padding: 0.15rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.outputs .numbers pre.text { white-space: pre; overflow-wrap: normal; }
pre.stderr { background: var(--warn); padding: 0.4rem 0.7rem; border-radius: 6px; }
pre.error { background: var(--alert); padding: 0.6rem 0.8rem; border-radius: 6px; }
.note { color: var(--soft); font-style: italic; }
figure { margin: 0; } figure img, figure svg { max-width: 100%; height: auto; }
.plot.drawn .still { display: none; }
.numbers { font-size: 0.85rem; color: var(--soft); } .numbers summary { cursor: pointer; }
.hljs-comment, .hljs-quote, .hljs-meta { color: var(--ansi-8); font-style: italic; }
.hljs-keyword, .hljs-selector-tag, .hljs-literal, .hljs-built_in { color: var(--ansi-5); }
.hljs-string, .hljs-regexp, .hljs-addition { color: var(--ansi-2); }
.hljs-number, .hljs-symbol, .hljs-attr, .hljs-attribute { color: var(--ansi-4); }
.hljs-title, .hljs-section, .hljs-name { color: var(--ansi-6); }
.hljs-type, .hljs-title.class_, .hljs-variable, .hljs-template-variable { color: var(--ansi-3); }
.hljs-deletion { color: var(--ansi-1); }
footer { color: var(--soft); font-size: 0.8rem; max-width: 56rem; margin: 0 auto; padding: 0 1.25rem 2rem; }
@media print {
  :root { --page: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --box: #ffffff; }
  nav, .numbers { display: none; }
  main { max-width: none; margin: 0; padding: 0; }
  .plot.drawn .live { display: none; } .plot.drawn .still { display: block; }
  .plot:not(:has(.still)) .live { display: block; }
  figure, pre.source, tr { break-inside: avoid; } h1, h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
`;
