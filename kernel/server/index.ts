/**
 * server: a notebook server in Node, with the REST API and the WebSockets of Jupyter's own (jupyter-server.readthedocs.io,
 * "REST API"), so that Jupyter's interface and other clients of it work with it.
 *
 * Glossary
 *   interface  the notebook in the browser, built from Jupyter's packages by kernel/ui
 *   root       the folder whose files are served; nothing outside it is, and nothing hidden
 *   model      what the API says of a file, kernel or session
 *   session    a notebook or console that is open, and its kernel; also a client's name for itself on a WebSocket
 *   seat       one client's place at a kernel, which outlives its connection
 *   token      what a person hands in once; the cookies made from it let the browser in from then on
 *
 * server     everything put together
 * http/      requests and answers: exchange, router, http-error
 * security/  who may: hosts (names and origins), identity (token, cookies, XSRF), gate (the checks), login, headers
 * contents/  files: root (paths), reading, writing, atomic-file, upload, names, checkpoints, notebook-text, trust, trash, turns,
 *            mime, files (/files/), routes
 * kernels/   specs, kernel (one, with its restarts), kernels (all, culling), sessions, seat, frames (the WebSocket's two
 *            protocols), socket, routes
 * docker/    Docker's API for stock clients, on a Unix socket or a port
 * kubernetes/ a simulated cluster's API for stock clients, with its kubeconfig
 * pages/     the interface's pages and files, settings, workspaces, config, about (status, identity), state-files
 * etcd/      a simulated etcd server for stock clients, over gRPC: proto (the messages), messages (to the simulator's and back),
 *            service, watch-stream
 */
export { serveDocker, type DockerCalls } from "./docker/serve-docker.js";
export { serveEtcd } from "./etcd/service.js";
export { startServer, type NotebookServer, type ServerOptions } from "./server.js";
export type { Launch } from "./kernels/kernel.js";
export type { KernelSpec } from "./kernels/specs.js";
export { serveKubernetes, type ServedKubernetes } from "./kubernetes/serve-kubernetes.js";
