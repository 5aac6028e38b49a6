/**
 * Widgets as ipywidgets' front ends know them: a model is a comm, its state is JSON on both sides.
 * Source: jupyter-widgets/ipywidgets, packages/schema: messages.md (protocol 2.1.0, control protocol 1.0.0) and
 * jupyterwidgetmodels.latest.md, for version 7 jupyterwidgetmodels.v7-5.md.
 */
import { offerState } from "./states.js";

export type State = Readonly<Record<string, unknown>>;

/** What goes through a comm. */
interface Content {
  readonly data: State;
  readonly metadata?: State;
}

interface Comm {
  readonly id: string;
  send(content: Content): void;
  onMessage(handler: (content: Content) => unknown): void;
  onClose(handler: () => unknown): void;
  close(): void;
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

/**
 * The packages that models and views come from. Their state is read alike by ipywidgets 7 and 8; a front end takes what
 * its own version satisfies, and doesn't say which that is. VS Code has version 7 for kernels that aren't Python's.
 */
const packages = {
  base: ["@jupyter-widgets/base", "^1.2.0 || ^2.0.0"],
  controls: ["@jupyter-widgets/controls", "^1.5.0 || ^2.0.0"],
  output: ["@jupyter-widgets/output", "^1.0.0"],
} as const;

type Package = keyof typeof packages;

/** Which model and view a widget is. */
export interface WidgetKind {
  readonly model: string;
  /** Absent for what is not seen. */
  readonly view?: string;
  readonly from: Package;
  /** Its style's model, from the same package; one that version 7 has too. */
  readonly style?: string;
}

/** A model that is open in every client. */
export interface WidgetModel {
  readonly id: string;
  /** How other models' states refer to it. */
  readonly reference: string;
  /** Changes the state here and in every client. */
  set(change: State): void;
  /** Takes the widget from the page. */
  close(): void;
}

/** What a client tells a model. */
export interface ModelEvents {
  /** Its user changed the state. @returns what is to be waited for, if anything */
  readonly changed?: (state: State) => unknown;
  /** A message of the widget's own: a button's click. */
  readonly custom?: (content: State) => unknown;
  /** It is gone from the page: the cell that opened it runs again, or a client closed it. */
  readonly closed?: () => void;
}

function openModel(
  comms: CommsHook,
  { model, view, from }: Omit<WidgetKind, "style">,
  own: State,
  events: ModelEvents = {},
  viewFrom: Package = from,
): WidgetModel {
  let state: State = {
    _model_name: model,
    _model_module: packages[from][0],
    _model_module_version: packages[from][1],
    _view_name: view ?? null,
    _view_module: packages[viewFrom][0],
    _view_module_version: packages[viewFrom][1],
    ...own,
  };
  const comm = comms.open("jupyter.widget", { data: { state, buffer_paths: [] }, metadata: { version: "2.1.0" } });
  const withdraw = offerState(comms, comm.id, () => state);
  const update = (change: State): void => {
    comm.send({ data: { method: "update", state: change, buffer_paths: [] } });
  };
  comm.onMessage(({ data }) => {
    const { method, state: change, content } = data;
    if (method === "request_state") update(state);
    if (method === "custom" && isState(content)) return events.custom?.(content);
    if (method !== "update" || !isState(change)) return undefined;
    state = { ...state, ...change };
    return events.changed?.(state);
  });
  comm.onClose(() => {
    withdraw();
    events.closed?.();
  });
  return {
    id: comm.id,
    reference: `IPY_MODEL_${comm.id}`,
    set(change) {
      state = { ...state, ...change };
      update(change);
    },
    close() {
      withdraw();
      comm.close();
      events.closed?.();
    },
  };
}

const isState = (value: unknown): value is State => typeof value === "object" && value !== null;

const layout: WidgetKind = { model: "LayoutModel", view: "LayoutView", from: "base" };

/**
 * Opens a model in every client, with the layout and the style that it needs where it is seen.
 * @param room how it is laid out: CSS properties by their ipywidgets names
 */
export function openWidget(
  comms: CommsHook,
  kind: WidgetKind,
  own: State,
  events: ModelEvents = {},
  room: State = {},
): WidgetModel {
  if (kind.view === undefined) return openModel(comms, kind, own, events);
  const box = openModel(comms, layout, room);
  const parts = [box];
  const references: Record<string, unknown> = { layout: box.reference };
  if (kind.style !== undefined) {
    // Labels as long as the names of the values, instead of the usual 80 pixels.
    const own = kind.style === "ButtonStyleModel" ? {} : { description_width: "initial" };
    const style = openModel(comms, { model: kind.style, view: "StyleView", from: kind.from }, own, {}, "base");
    parts.push(style);
    references["style"] = style.reference;
  }
  const whole = openModel(comms, kind, { ...references, ...own }, events);
  return {
    ...whole,
    close() {
      whole.close();
      for (const part of parts) part.close();
    },
  };
}
