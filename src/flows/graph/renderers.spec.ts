import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { collapsedKey, collapseMaps } from './collapsed-maps.js';
import { toDot } from './dot.js';
import { descriptionOf, type DrawnGraph, type DrawnNode } from './drawn-graph.js';
import { layOut } from './graph-layout.js';
import { toMermaid } from './mermaid.js';
import { toSvg } from './svg.js';

const SURVEY: DrawnGraph = {
  nodes: [
    { key: 'open', name: 'open', kind: 'task', state: { type: 'COMPLETED', name: 'Completed' }, attempt: 2 },
    {
      key: 'map[*]/clean',
      name: 'clean',
      kind: 'task',
      mapped: true,
      state: { type: 'FAILED', name: 'Failed' },
      counts: { COMPLETED: 3, FAILED: 1 },
    },
    { key: 'open/stamp', name: 'stamp', kind: 'run', parent: 'open' },
    { key: 'approve', name: 'approve', kind: 'input', optional: true },
  ],
  edges: [
    { from: 'open', to: 'map[*]/clean' },
    { from: 'map[*]/clean', to: 'approve' },
    { from: 'gone', to: 'approve' },
  ],
  complete: false,
  reason: '"open.count" is compared',
};

/** Text as an enemy would write it: quotes, tags, control characters, halves of characters, all of Unicode. */
const text = fc.string({
  unit: fc.oneof(fc.constantFrom(...'"\'<>&\\[]{}#;`\n\0\u001b'), fc.constant('\ud800'), fc.string()),
});

const anyGraph: fc.Arbitrary<DrawnGraph> = fc
  .uniqueArray(fc.oneof(text, fc.constantFrom('__proto__', 'constructor')), { minLength: 0, maxLength: 12 })
  .chain((keys) =>
    fc.record({
      nodes: fc.tuple(
        ...keys.map((key) =>
          fc.record(
            {
              key: fc.constant(key),
              name: text,
              kind: fc.constantFrom<DrawnNode['kind']>('task', 'run', 'sleep', 'input', 'process'),
              mapped: fc.constant<true>(true),
              optional: fc.constant<true>(true),
              parent: fc.constantFrom(...keys),
              state: fc.record({ type: fc.constantFrom('RUNNING', 'FAILED', 'constructor'), name: text }),
            },
            { requiredKeys: ['key', 'name', 'kind'] },
          ),
        ),
      ),
      edges: fc.array(fc.record({ from: fc.constantFrom('none', ...keys), to: fc.constantFrom('none', ...keys) })),
      complete: fc.boolean(),
      reason: text,
    }),
  );

/** A reader of XML as strict as needed here: every tag closed in order, no bare sign, no forbidden character. */
function wellFormed(xml: string): boolean {
  if (!xml.isWellFormed() || /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(xml)) return false;
  const open: string[] = [];
  const rest = xml.replace(
    /<(\/?)([A-Za-z][\w]*)((?:\s+[\w:-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*)(\/?)>/g,
    (_, end, name, __, empty) => {
      if (end) return open.pop() === name ? '' : '<';
      if (!empty) open.push(String(name));
      return '';
    },
  );
  return open.length === 0 && !/[<&]/.test(rest.replace(/&#\d+;/g, ''));
}

describe('the picture of a graph', () => {
  it('as SVG shows every step with its state, in words too, and a legend', () => {
    const svg = toSvg(SURVEY, 'Survey');
    expect(wellFormed(svg)).toBe(true);
    expect(svg.match(/role="graphics-symbol"/g)).toHaveLength(4);
    expect(svg).toContain('<title>clean (map[*]/clean), 3 completed, 1 failed</title>');
    expect(svg).toContain('class="node completed"');
    expect(svg).toContain('prefers-color-scheme:dark');
    for (const label of ['completed', 'failed', 'not begun', 'with some inputs']) {
      expect(svg).toContain(`<text class="legend" x="30" y="11">${label}</text>`);
    }
    // Two by data, one from the step that called it; the step that is not there has none.
    expect(svg.match(/<path class="edge/g)).toHaveLength(3);
    expect(svg.match(/class="edge call"/g)).toHaveLength(1);
    expect(svg).toContain('There may be more steps: &#34;open.count&#34; is compared.');
  });

  it('has no legend of states without a job', () => {
    const svg = toSvg({ nodes: [{ key: 'a', name: 'a', kind: 'task' }], edges: [], complete: true }, 'A');
    expect(svg).not.toContain('class="legend"');
    expect(svg).not.toContain('NaN');
  });

  it('is well-formed whatever the names are, and nothing of them becomes a tag', () => {
    fc.assert(
      fc.property(anyGraph, text, (graph, title) => {
        const svg = toSvg(graph, title);
        expect(wellFormed(svg)).toBe(true);
        expect(svg).not.toContain('<script');
        expect(svg).not.toMatch(/ (?:[xy][12]?|r[xy]?|d|width|height|points|transform|viewBox)="[^"]*(?:NaN|Infinity)/);
        expect(svg.match(/role="graphics-symbol"/g) ?? []).toHaveLength(graph.nodes.length);
      }),
    );
  });

  it('as DOT names no node by text of others', () => {
    fc.assert(
      fc.property(anyGraph, text, (graph, title) => {
        // Without its quoted texts it holds our own words only.
        const bare = toDot(graph, title).replace(/"(?:[^"\\\n]|\\[^\n])*"/g, '""');
        expect(bare).toMatch(/^digraph \{\n(?: {2}[\w ><="#,\-[\]]+;\n)*\}\n$/);
      }),
    );
    expect(toDot(SURVEY, 'Survey')).toContain('n0 -> n1;');
    expect(toDot(SURVEY, 'Survey')).toContain('n0 -> n2 [style=dashed];');
  });

  it('as Mermaid names no node by text of others', () => {
    fc.assert(
      fc.property(anyGraph, text, (graph, title) => {
        const [, ...lines] = toMermaid(graph, title)
          .split(/\n---\n/)
          .at(-1)!
          .trimEnd()
          .split('\n');
        for (const line of lines) {
          expect(line.replace(/"[\p{L}\p{N}\p{M} .,:_/()*+·#;<>-]*"/gu, '""')).toMatch(
            /^ {2}(?:n\d+[[(/>\])]+""[[(/>\])]+:::\w+|n\d+ (?:-->|-\.->) n\d+|classDef [\w :#,-]+|style [\w, -]+:5 5|note>""\])$/,
          );
          expect(line.replaceAll('<br/>', '')).not.toMatch(/"[^"]*[<>][^"]*"/);
        }
      }),
    );
    expect(toMermaid(SURVEY, 'A "survey"')).toContain(
      'title: "A \\"survey\\""\n---\nflowchart TD\n  n0["open<br/>Completed · attempt 2"]:::completed\n',
    );
  });

  it('of a graph too large to be looked at shows each map as one step with counts', () => {
    const mapped = Array.from({ length: 250 }, (_, index): DrawnNode => ({
      key: `map[*]/step#${index}`,
      name: `step ${index}`,
      kind: 'task',
      mapped: true,
      state: { type: 'COMPLETED', name: 'Completed' },
      counts: { COMPLETED: 2 },
    }));
    const graph: DrawnGraph = {
      nodes: [{ key: 'first', name: 'first', kind: 'task' }, ...mapped],
      edges: mapped.map(({ key }) => ({ from: 'first', to: key })),
      complete: true,
    };
    const collapsed = collapseMaps(graph);
    expect(collapsed.nodes.map((node) => descriptionOf(node))).toEqual([
      'first, task',
      'map: 250 steps (map[*]), step · 500 completed',
    ]);
    expect(collapsed.edges).toEqual([{ from: 'first', to: 'map[*]' }]);
    expect(toSvg(graph, 'Large').match(/role="graphics-symbol"/g)).toHaveLength(2);
  });

  it('says of a question whether it is still open', () => {
    const said = (type: string, name: string) =>
      descriptionOf({ key: 'approve', name: 'approve', kind: 'input', state: { type, name } });
    expect(said('PAUSED', 'AwaitingInput')).toBe('approve, asks for input · AwaitingInput');
    expect(said('COMPLETED', 'Completed')).toBe('approve, asked for input · Completed');
  });

  it.each([5, 300])('puts %d steps below those that they come after, none over another', (count) => {
    const boxes = Array.from({ length: count }, (_, index) => ({ id: `${index}`, width: 100, height: 40 }));
    const lines = boxes.slice(1).map(({ id }, index) => ({ from: `${Math.floor(index / 2)}`, to: id }));
    const { width, height, boxes: places } = layOut(boxes, lines);
    for (const { from, to } of lines) expect(places.get(to)!.y).toBeGreaterThan(places.get(from)!.y);
    const all = [...places.values()];
    for (const [index, a] of all.entries()) {
      expect(a.x >= 50 && a.x <= width - 50 && a.y >= 20 && a.y <= height - 20).toBe(true);
      for (const b of all.slice(index + 1)) expect(Math.abs(a.x - b.x) >= 100 || Math.abs(a.y - b.y) >= 40).toBe(true);
    }
  });

  it('places a large ring too', () => {
    const boxes = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, width: 100, height: 40 }));
    const lines = boxes.map(({ id }, index) => ({ from: id, to: `${(index + 1) % 100}` }));
    expect(layOut(boxes, lines).boxes.size).toBe(100);
  });
});

describe('the key of a collapsed step', () => {
  it.each([
    ['search', 'search'],
    ['map[7]/fetch', 'map[*]/fetch'],
    ['map#2[a%2fb]/inner[x y]/fetch#3', 'map#2[*]/inner[*]/fetch#3'],
    ['task/map[7]/fetch', 'task/map[*]/fetch'],
  ])('%s -> %s', (key, collapsed) => expect(collapsedKey(key)).toBe(collapsed));
});
