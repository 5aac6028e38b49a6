/**
 * Widgets as ipywidgets' front ends know them: a model is a comm, its state is JSON on both sides.
 * Source: jupyter-widgets/ipywidgets, packages/schema: messages.md 2.1.0 and jupyterwidgetmodels.latest.md.
 */
import { offerState } from "./widget-states.js";

type State = Readonly<Record<string, unknown>>;

/** What goes through a comm. */
interface Content {
  readonly data: State;
  readonly metadata?: State;
}

interface Comm {
  readonly id: string;
  send(content: Content): void;
  onMessage(handler: (content: Content) => unknown): void;
}

/** The kernel's comms; absent in a plain Node script. */
export interface CommsHook {
  open(target: string, content: Content): Comm;
  onTarget(target: string, handler: (comm: Comm) => unknown): void;
}

const hook = Symbol.for("virtlab.comms");

export function commsHook(): CommsHook | undefined {
  return (globalThis as { [hook]?: CommsHook })[hook];
}

/** The packages that models and views come from, with the versions of their state. */
const packages = {
  base: ["@jupyter-widgets/base", "2.0.0"],
  controls: ["@jupyter-widgets/controls", "2.0.0"],
  output: ["@jupyter-widgets/output", "1.0.0"],
} as const;

type Package = keyof typeof packages;

/** Which model and view a widget is; a style's view is the base package's. */
export interface WidgetKind {
  readonly model: string;
  readonly view: string;
  readonly from: Package;
  readonly viewFrom?: Package;
}

export interface WidgetModel {
  readonly id: string;
  /** How other models' states refer to it. */
  readonly reference: string;
  /** Changes the state here and in every client. */
  set(change: State): void;
}

/**
 * Opens a model in every client.
 * @param changed told what a client's user changed; a promise that it returns is waited for
 */
function openModel(
  comms: CommsHook,
  { model, view, from, viewFrom = from }: WidgetKind,
  own: State,
  changed: (state: State) => unknown = () => undefined,
): WidgetModel {
  let state: State = {
    _model_name: model,
    _model_module: packages[from][0],
    _model_module_version: packages[from][1],
    _view_name: view,
    _view_module: packages[viewFrom][0],
    _view_module_version: packages[viewFrom][1],
    ...own,
  };
  const comm = comms.open("jupyter.widget", {
    data: { state, buffer_paths: [] },
    metadata: { version: "2.1.0" },
  });
  const update = (change: State): void => {
    comm.send({ data: { method: "update", state: change, buffer_paths: [] } });
  };
  offerState(comms, comm.id, () => state);
  comm.onMessage(({ data }) => {
    if (data["method"] === "request_state") update(state);
    const change: unknown = data["state"];
    if (data["method"] !== "update" || typeof change !== "object" || change === null) return undefined;
    state = { ...state, ...change };
    return changed(state);
  });
  return {
    id: comm.id,
    reference: `IPY_MODEL_${comm.id}`,
    set(change) {
      state = { ...state, ...change };
      update(change);
    },
  };
}

const layout: WidgetKind = { model: "LayoutModel", view: "LayoutView", from: "base" };

/** Opens a model that is shown on a page, with the layout that it needs, and with a style where it has a kind of it. */
export function openWidget(
  comms: CommsHook,
  kind: WidgetKind & { readonly style?: string },
  own: State,
  changed?: (state: State) => unknown,
): WidgetModel {
  const parts: Record<string, unknown> = { layout: openModel(comms, layout, {}).reference };
  if (kind.style !== undefined) {
    const style: WidgetKind = { model: kind.style, view: "StyleView", from: kind.from, viewFrom: "base" };
    // Labels as long as the names of the values, instead of the usual 80 pixels.
    parts["style"] = openModel(comms, style, { description_width: "initial" }).reference;
  }
  return openModel(comms, kind, { ...parts, ...own }, changed);
}
