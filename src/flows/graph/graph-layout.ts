import * as library from '@dagrejs/dagre';

/** A box to be placed, in pixels. */
export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** A line between two boxes. */
export interface Line {
  readonly from: string;
  readonly to: string;
}

/** A place, in pixels from the upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything is. Boxes are named by their centres. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Point>;
  /** the lines in the order in which they were given, each with the points it passes */
  readonly lines: readonly (readonly Point[])[];
}

/** A graph of the library. */
interface DagreGraph {
  setGraph(label: { rankdir: 'TB'; nodesep: number; ranksep: number }): void;
  setNode(id: string, label: { width: number; height: number }): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  /** with the size of the whole after the layout, unless it is empty */
  graph(): { readonly width?: number; readonly height?: number };
  node(id: string): Point;
  edge(from: string, to: string, name: string): { readonly points?: readonly Point[] };
}

/** What is used of the library, whose own types name their files in a way that modules of Node do not resolve. */
const dagre = library as unknown as {
  readonly Graph: new (options: { multigraph: boolean }) => DagreGraph;
  readonly layout: (graph: DagreGraph) => void;
};

/**
 * Beyond these the library takes longer than a request may hold up the event loop: 200 boxes take it half a second,
 * and the time grows faster than their number.
 */
const MOST_BOXES = 80;
const MOST_LINES = 160;
const GAP = { x: 28, y: 44 };
/** Boxes side by side in the simple layout. */
const ROW = 8;

/** Places boxes in layers, from above to below. A large graph is placed in rows, without looking for the nicest order. */
export function layOut(boxes: readonly Box[], lines: readonly Line[]): Layout {
  return boxes.length <= MOST_BOXES && lines.length <= MOST_LINES ? layered(boxes, lines) : inRows(boxes, lines);
}

function layered(boxes: readonly Box[], lines: readonly Line[]): Layout {
  const graph = new dagre.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: GAP.x, ranksep: GAP.y });
  // Numbers, because some texts have a meaning to the library.
  const names = new Map(boxes.map(({ id }, index) => [id, `b${index}`]));
  for (const { id, width, height } of boxes) graph.setNode(names.get(id)!, { width, height });
  const ends = lines.map(({ from, to }, index) => [names.get(from)!, names.get(to)!, String(index)] as const);
  for (const [from, to, name] of ends) graph.setEdge(from, to, {}, name);
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    // Of nothing at all the size is minus infinity.
    width: Math.max(0, width),
    height: Math.max(0, height),
    boxes: new Map(boxes.map(({ id }) => [id, pointOf(graph.node(names.get(id)!))])),
    lines: ends.map((end) => (graph.edge(...end).points ?? []).map(pointOf)),
  };
}

function pointOf({ x, y }: Point): Point {
  return { x, y };
}

function inRows(boxes: readonly Box[], lines: readonly Line[]): Layout {
  const layers = layersOf(boxes, lines);
  const places = new Map<string, Point>();
  const widest = Math.max(...boxes.map(({ width }) => width));
  let y = 0;
  let width = 0;
  for (const layer of layers) {
    for (let start = 0; start < layer.length; start += ROW) {
      const row = layer.slice(start, start + ROW);
      const height = Math.max(...row.map((box) => box.height));
      for (const [column, { id }] of row.entries()) {
        places.set(id, { x: column * (widest + GAP.x) + widest / 2, y: y + height / 2 });
      }
      width = Math.max(width, row.length * (widest + GAP.x) - GAP.x);
      y += height + GAP.y;
    }
  }
  const half = new Map(boxes.map(({ id, height }) => [id, height / 2]));
  const paths = lines.map(({ from, to }) => {
    const [start, end] = [places.get(from)!, places.get(to)!];
    const down = end.y >= start.y ? 1 : -1;
    return [
      { x: start.x, y: start.y + down * half.get(from)! },
      { x: end.x, y: end.y - down * half.get(to)! },
    ];
  });
  return { width, height: Math.max(0, y - GAP.y), boxes: places, lines: paths };
}

/** Each box in the layer below the lowest of those that lead to it; what is part of a ring comes last. */
function layersOf(boxes: readonly Box[], lines: readonly Line[]): Box[][] {
  const open = new Map(boxes.map(({ id }) => [id, 0]));
  const next = new Map<string, string[]>(boxes.map(({ id }) => [id, []]));
  for (const { from, to } of lines) {
    open.set(to, open.get(to)! + 1);
    next.get(from)!.push(to);
  }
  const layers: Box[][] = [];
  let rest = boxes;
  let layer = rest.filter(({ id }) => open.get(id) === 0);
  while (layer.length > 0) {
    layers.push(layer);
    const placed = new Set(layer);
    rest = rest.filter((box) => !placed.has(box));
    for (const { id } of layer) for (const to of next.get(id)!) open.set(to, open.get(to)! - 1);
    layer = rest.filter(({ id }) => open.get(id) === 0);
  }
  return rest.length > 0 ? [...layers, [...rest]] : layers;
}
