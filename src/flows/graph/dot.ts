import { captionOf, descriptionOf, type DrawnGraph, drawnEdges } from './drawn-graph.js';
import { styleOf } from './state-styles.js';

/** A graph in the language of Graphviz. @param title shown above it */
export function toDot(graph: DrawnGraph, title: string): string {
  const ids = new Map(graph.nodes.map(({ key }, index) => [key, `n${index}`]));
  const nodes = graph.nodes.map((node) => {
    const { fill, stroke, text } = styleOf(node.state?.type).light;
    const label = `${quotable(node.name)}\\n${quotable(captionOf(node))}`;
    const style = node.optional ? 'rounded,filled,dashed' : 'rounded,filled';
    return (
      `  ${ids.get(node.key)} [label="${label}", tooltip="${quotable(descriptionOf(node))}", style="${style}", ` +
      `fillcolor="${fill}", color="${stroke}", fontcolor="${text}"${node.mapped ? ', peripheries=2' : ''}];`
    );
  });
  const edges = drawnEdges(graph).map(
    ({ from, to, isCall }) => `  ${ids.get(from)} -> ${ids.get(to)}${isCall ? ' [style=dashed]' : ''};`,
  );
  const note = graph.complete ? '' : `\\n${quotable(incompleteText(graph.reason))}`;
  return [
    'digraph {',
    `  graph [label="${quotable(title)}${note}", labelloc=t, fontname="sans-serif"];`,
    '  node [shape=box, fontname="sans-serif"];',
    ...nodes,
    ...edges,
    '}',
    '',
  ].join('\n');
}

/** Says that steps may be missing, and why. */
export function incompleteText(reason: string | undefined): string {
  return `There may be more steps${reason === undefined ? '.' : `: ${reason}.`}`;
}

function quotable(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replace(/\p{Cc}/gu, ' ');
}
