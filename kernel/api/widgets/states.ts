type State = Readonly<Record<string, unknown>>;

interface Comm {
  send(content: { readonly data: State }): void;
  onMessage(handler: (content: { readonly data: State }) => unknown): void;
}

/** Where clients open comms. */
interface Targets {
  onTarget(target: string, handler: (comm: Comm) => unknown): void;
}

const open = new WeakMap<Targets, Map<string, () => State>>();

/**
 * Gives a model's state to clients that come later: a page that is loaded anew asks for all of them at once.
 * Source: jupyter-widgets/ipywidgets, packages/schema/messages.md, "Control Widget messaging protocol, version 1.0".
 * @returns takes it back: the model is closed
 */
export function offerState(comms: Targets, id: string, state: () => State): () => void {
  let models = open.get(comms);
  if (models === undefined) {
    models = new Map();
    open.set(comms, models);
    answerRequests(comms, models);
  }
  const offered = models.set(id, state);
  return () => {
    offered.delete(id);
  };
}

function answerRequests(comms: Targets, models: ReadonlyMap<string, () => State>): void {
  comms.onTarget("jupyter.widget.control", (comm) => {
    comm.onMessage(({ data }) => {
      if (data["method"] !== "request_states") return;
      const states = Object.fromEntries([...models].map(([id, state]) => [id, described(state())]));
      comm.send({ data: { method: "update_states", states, buffer_paths: [] } });
    });
  });
}

const described = (state: State): State => ({
  model_name: state["_model_name"],
  model_module: state["_model_module"],
  model_module_version: state["_model_module_version"],
  state,
});
