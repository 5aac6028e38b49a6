/**
 * cli: docker(1), Docker's client, as a program of the simulated Linux. It knows nothing of the engine: it speaks HTTP through the socket at which
 * the daemon listens (`api/socket`), so that it works wherever that file can be opened, in a container that has it mounted too.
 *
 * Glossary
 *   command  a row of a table: paths ("ps", "container ls"), synopsis, flags, how many operands, and what it does
 *   group    a noun whose verbs are commands: `docker container …`
 *   context  one run of a command: its flags and operands, the client, what it prints
 *   listing  rows of texts that are shown as a table, by a template, or as ids
 *   frame    a piece of a container's output behind a head that names its stream; a terminal's output has none
 *
 * docker       the program: global flags, groups, help; client: requests and conversations; flags: spf13/pflag's grammar; command: cobra's part
 * template/    Go's text/template: parse, execute, values
 * listing      tables and templates of rows; rows: cells in docker's words; units: sizes and durations; progress: JSON lines
 * run-options  flags of run and create as the API's body; streams: frames, forwarded input and signals; credentials: ~/.docker/config.json
 * compose/     `docker compose`: interpolate (variables), load and read-service (files to a project), containers (labels, bodies), up (converging),
 *              logs, config, commands
 * commands/    the commands, by what they are about
 *
 * It acts as Docker 20.10 does without a terminal for progress: no bars. Absent: contexts, plugins, swarm's nouns, search, manifest and trust.
 */
export { installDockerClient } from "./docker.js";
