import { incompleteText } from './dot.js';
import { captionOf, type DrawnGraph, type DrawnNode, drawnEdges } from './drawn-graph.js';
import { stylesOf, styleOf } from './state-styles.js';

/** Brackets of a node, which make its shape. */
const SHAPES: Record<DrawnNode['kind'], readonly [string, string]> = {
  task: ['[', ']'],
  run: ['(', ')'],
  sleep: ['([', '])'],
  input: ['[/', '/]'],
  process: ['[[', ']]'],
};

/** A graph in the language of Mermaid. @param title shown above it */
export function toMermaid(graph: DrawnGraph, title: string): string {
  const ids = new Map(graph.nodes.map(({ key }, index) => [key, `n${index}`]));
  const nodes = graph.nodes.map((node) => {
    const [open, close] = SHAPES[node.kind];
    const label = `${plain(node.name)}<br/>${plain(captionOf(node))}`;
    return `  ${ids.get(node.key)}${open}"${label}"${close}:::${styleOf(node.state?.type).name}`;
  });
  const edges = drawnEdges(graph).map(
    ({ from, to, isCall }) => `  ${ids.get(from)} ${isCall ? '-.->' : '-->'} ${ids.get(to)}`,
  );
  const styles = stylesOf(graph.nodes.map(({ state }) => state?.type)).map(
    ({ name, light: { fill, stroke, text } }) => `  classDef ${name} fill:${fill},stroke:${stroke},color:${text}`,
  );
  const optional = graph.nodes.filter(({ optional: isOptional }) => isOptional).map(({ key }) => ids.get(key));
  return [
    '---',
    // The quotes of JSON are those of YAML.
    `title: ${JSON.stringify(title)}`,
    '---',
    'flowchart TD',
    ...nodes,
    ...edges,
    ...styles,
    ...(optional.length > 0 ? [`  style ${optional.join(',')} stroke-dasharray:5 5`] : []),
    ...(graph.complete ? [] : [`  note>"${plain(incompleteText(graph.reason))}"]`]),
    '',
  ].join('\n');
}

/** Text in which nothing is taken for Mermaid's own signs or for HTML: what could be is written as its number. */
function plain(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:_/()*+·-]/gu, (character) =>
    /\p{C}/u.test(character) ? ' ' : `#${character.codePointAt(0)};`,
  );
}
