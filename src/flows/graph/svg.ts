import { collapseMaps } from './collapsed-maps.js';
import { incompleteText } from './dot.js';
import { captionOf, descriptionOf, type DrawnGraph, type DrawnNode, drawnEdges } from './drawn-graph.js';
import { layOut, type Point } from './graph-layout.js';
import { NOT_BEGUN, type StateStyle, styleOf, stylesOf } from './state-styles.js';

/** Beyond, each `context.map` becomes one node. */
const MOST_NODES = 200;
const MARGIN = 16;
const TITLE_HEIGHT = 34;
const LINE_HEIGHT = 20;
const BOX_HEIGHT = 46;
const LONGEST_LABEL = 36;
/** About what a letter takes; the font is the reader's. */
const LETTER = { name: 7.6, caption: 6.3 };
const LEGEND_COLUMN = 150;

/** A graph as a picture that stands for itself: no script, no font, no other file. @param title shown above it */
export function toSvg(graph: DrawnGraph, title: string): string {
  const drawn = graph.nodes.length > MOST_NODES ? collapseMaps(graph) : graph;
  const boxes = drawn.nodes.map((node) => ({ id: node.key, width: widthOf(node), height: BOX_HEIGHT }));
  const edges = drawnEdges(drawn);
  const layout = layOut(boxes, edges);
  const widths = new Map(boxes.map(({ id, width }) => [id, width]));
  const styles = stylesOf(drawn.nodes.map(({ state }) => state?.type));
  const hasStates = drawn.nodes.some(({ state }) => state !== undefined);
  const legend = [
    ...(hasStates ? styles.map((style) => legendItem(style.name, style.label)) : []),
    ...(drawn.nodes.some(({ optional }) => optional) ? [legendItem('idle optional', 'with some inputs')] : []),
  ];
  const columns = Math.max(1, Math.floor(Math.max(layout.width, 3 * LEGEND_COLUMN) / LEGEND_COLUMN));
  const note = drawn.complete ? undefined : shortened(incompleteText(drawn.reason), 200);
  const legendTop = TITLE_HEIGHT + layout.height + MARGIN;
  const noteTop = legendTop + Math.ceil(legend.length / columns) * LINE_HEIGHT;
  const content = Math.max(
    layout.width,
    Math.min(legend.length, columns) * LEGEND_COLUMN,
    ...[title, note ?? ''].map((text) => text.length * LETTER.name),
  );
  const width = Math.ceil(content + 2 * MARGIN);
  const height = Math.ceil(noteTop + (note === undefined ? 0 : LINE_HEIGHT) + 2 * MARGIN);
  const description = `${drawn.nodes.length} steps. ${note ?? ''}`.trim();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      'role="graphics-document" aria-labelledby="title" aria-describedby="description">',
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<style>${stylesheet([NOT_BEGUN, ...styles.filter((style) => style !== NOT_BEGUN)])}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path class="head" d="M0 0L10 5L0 10z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})" aria-hidden="true"><text class="title" y="14">${escaped(title)}</text></g>`,
    `<g transform="translate(${MARGIN} ${MARGIN + TITLE_HEIGHT})">`,
    ...edges.map(({ isCall }, index) => edgeElement(layout.lines[index], isCall)),
    ...drawn.nodes.map((node) => nodeElement(node, layout.boxes.get(node.key)!, widths.get(node.key)!)),
    '</g>',
    ...legend.map((item, index) => {
      const x = MARGIN + (index % columns) * LEGEND_COLUMN;
      const y = MARGIN + legendTop + Math.floor(index / columns) * LINE_HEIGHT;
      return `<g transform="translate(${x} ${y})">${item}</g>`;
    }),
    ...(note === undefined
      ? []
      : [`<text class="caption" x="${MARGIN}" y="${MARGIN + noteTop + 12}">${escaped(note)}</text>`]),
    '</svg>',
    '',
  ].join('\n');
}

function widthOf(node: DrawnNode): number {
  const name = shortened(node.name).length * LETTER.name;
  const caption = shortened(captionOf(node)).length * LETTER.caption;
  return Math.ceil(Math.max(110, name + 24, caption + 24));
}

function nodeElement(node: DrawnNode, { x, y }: Point, width: number): string {
  const left = number(x - width / 2);
  const top = number(y - BOX_HEIGHT / 2);
  const classes = [styleOf(node.state?.type).name, ...(node.optional ? ['optional'] : [])].join(' ');
  const rect = (dx: number, dy: number) =>
    `<rect x="${dx}" y="${dy}" width="${width}" height="${BOX_HEIGHT}" rx="${node.kind === 'task' ? 6 : 20}"/>`;
  const label = escaped(descriptionOf(node));
  return (
    `<g class="node ${classes}" transform="translate(${left} ${top})" role="graphics-symbol" aria-label="${label}">` +
    `<title>${label}</title>${node.mapped ? rect(4, 4) : ''}${rect(0, 0)}` +
    `<text class="name" x="${width / 2}" y="20">${escaped(shortened(node.name))}</text>` +
    `<text class="caption" x="${width / 2}" y="36">${escaped(shortened(captionOf(node)))}</text></g>`
  );
}

function edgeElement(points: readonly Point[], isCall: boolean): string {
  const [start, ...rest] = points;
  const last = rest.at(-1);
  if (start === undefined || last === undefined) return '';
  // Through the middles between the points, so that a line bends instead of breaking.
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1];
    const isEnd = index === rest.length - 2;
    const to = isEnd ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${place(point)} ${place(to)}`;
  });
  const path = `M${place(start)}${bends.length === 0 ? `L${place(last)}` : bends.join('')}`;
  return `<path class="edge${isCall ? ' call' : ''}" d="${path}" marker-end="url(#arrow)"/>`;
}

function legendItem(classes: string, label: string): string {
  return (
    `<g class="node ${classes}"><rect width="22" height="14" rx="4"/></g>` +
    `<text class="legend" x="30" y="11">${escaped(label)}</text>`
  );
}

function stylesheet(styles: readonly StateStyle[]): string {
  const colours = (mode: 'light' | 'dark') =>
    styles
      .map(
        ({ name, [mode]: { fill, stroke, text } }) =>
          `.${name} rect{fill:${fill};stroke:${stroke}}.${name} text{fill:${text}}`,
      )
      .join('');
  const page = (background: string, text: string, line: string) =>
    `.page{fill:${background}}text{fill:${text}}.edge{stroke:${line}}.head{fill:${line}}`;
  return (
    'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.caption{font-size:11px}.legend{font-size:12px}' +
    '.node text{text-anchor:middle}.name{font-weight:600}.node rect{stroke-width:1.5}.optional rect{stroke-dasharray:5 4}' +
    '.edge{fill:none;stroke-width:1.5}.call{stroke-dasharray:4 4}' +
    `${page('#ffffff', '#1f2937', '#6b7280')}${colours('light')}` +
    `@media(prefers-color-scheme:dark){${page('#111827', '#e5e7eb', '#9ca3af')}${colours('dark')}}`
  );
}

function place({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

function number(value: number): number {
  return Math.round(value * 10) / 10;
}

function shortened(text: string, most = LONGEST_LABEL): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** Text for content and attributes, without the characters that XML does not know. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
