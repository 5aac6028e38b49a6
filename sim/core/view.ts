/**
 * What a cell returns to be looked at: rows and what they mean, never a picture. The kernel draws a view for the client
 * at hand; a test reads the same rows. A view is plain data and survives `JSON.stringify`.
 */
export type View = TextView | TableView | PlotView | LanesView | HeatView | GraphView | SequenceView | GroupView;

/** One value of a row. */
export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

export interface TextView {
  readonly as: "text";
  readonly text: string;
}

export interface TableView {
  readonly as: "table";
  readonly title?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly caption?: string;
}

export interface Column {
  /** The rows' key. */
  readonly key: string;
  /** The heading; the key where absent. */
  readonly label?: string;
  /** Printed behind the heading, in brackets. */
  readonly unit?: string;
}

/**
 * What is drawn, so that the same thing has the same colour in every notebook. Without a role, a series takes the
 * palette's next colour.
 */
export type Role =
  "guest" | "host" | "trap" | "network" | "disk" | "memory" | "cpu" | "container" | "fault" | "idle" | "reference";

export interface Axis {
  /** What is measured: "latency". */
  readonly label: string;
  /** Its unit as printed: "ms". Empty for a pure number. */
  readonly unit: string;
  readonly scale?: "linear" | "log";
}

/** One question answered: the title states it, the caption gives seed and parameters so that it can be run again. */
export interface PlotView {
  readonly as: "plot";
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly mark: "line" | "points" | "bars" | "steps";
  /** Numbers, or category names for bars; as many as `y`. */
  readonly x: readonly (number | string)[];
  /** null leaves a gap. */
  readonly y: readonly (number | null)[];
  /** A confidence band or error bars around `y`: the lower and the upper bound at each x. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[]; readonly meaning: string };
  readonly role?: Role;
  /** A published value and not a measured one: drawn apart (dashed, hollow), the source named in the legend. */
  readonly source?: string;
}

/** Who does what when, or what lies where: lanes of labelled spans over one axis (schedules, disk layouts). */
export interface LanesView {
  readonly as: "lanes";
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly lanes: readonly { readonly name: string; readonly spans: readonly Span[] }[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** What it is one of, in a word for the legend: "leader", where labels add a term. Without it, its role's name. */
  readonly kind?: string;
  readonly role?: Role;
}

/**
 * A value for each place of a grid (memory, code, clusters): `values[row][column]`, null where there is none. Row 0 is
 * at the top.
 */
export interface HeatView {
  readonly as: "heat";
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  /** What the colour means. */
  readonly value: Axis;
  /** The name of each column and of each row (an address, a node); its index, from 0, where absent. */
  readonly columns?: readonly (string | number)[];
  readonly rows?: readonly (string | number)[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Hierarchies and structures: nodes and directed edges. */
export interface GraphView {
  readonly as: "graph";
  readonly title: string;
  readonly caption: string;
  readonly nodes: readonly { readonly id: string; readonly label: string; readonly role?: Role }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label?: string }[];
}

/** Who calls whom, in order. */
export interface SequenceView {
  readonly as: "sequence";
  readonly title: string;
  readonly caption: string;
  readonly participants: readonly string[];
  readonly messages: readonly {
    readonly from: string;
    readonly to: string;
    readonly label: string;
    /** A reply is drawn dashed. */
    readonly reply?: boolean;
  }[];
}

/** Several views below one another. */
export interface GroupView {
  readonly as: "group";
  readonly views: readonly View[];
}

const kinds = ["text", "table", "plot", "lanes", "heat", "graph", "sequence", "group"];

/** Whether a value that a cell returned is a view. */
export function isView(value: unknown): value is View {
  return typeof value === "object" && value !== null && "as" in value && kinds.includes(value.as as string);
}

/**
 * An object that shows itself: the last expression of a cell may be a disk, a machine, a cluster.
 * A room's nouns implement it where a student would want to look at them.
 */
export interface Viewable {
  view(): View;
}

export function isViewable(value: unknown): value is Viewable {
  return typeof value === "object" && value !== null && "view" in value && typeof value.view === "function";
}

/** A plot from its parts, checked as they are typed: `plot({ title, caption, x, y, series })`. */
export const plot = (parts: Omit<PlotView, "as">): PlotView => ({ as: "plot", ...parts });
