import { describe, expect, it } from '@jest/globals';
import type { Feature, FeatureCollection, GeoJSON, Polygon, Position } from 'geojson';
import { CompiledProcess } from '../../compiled-process.js';
import { processOptionsOf } from '../../decorators/process.decorator.js';
import { FaultCollector } from '../../definition/invalid-process.error.js';
import { readProcessDefinition } from '../../definition/process-definition.js';
import type { JobContext } from '../../job-context.js';
import { ProcessRejection } from '../../process-rejection.js';
import { BufferProcess } from './buffer.process.js';

const faults = new FaultCollector(() => 'BufferProcess');
const { definition } = readProcessDefinition(processOptionsOf(BufferProcess)!, faults);
const compiled = CompiledProcess.compile(definition!, new BufferProcess(), faults)!;

const warnings: string[] = [];
const context = {
  signal: new AbortController().signal,
  progress: () => {},
  logger: { warn: (message: string) => warnings.push(message) },
} as unknown as JobContext;

async function run(geometry: unknown, distance: number): Promise<GeoJSON> {
  return (await new BufferProcess().execute({ geometry: geometry as GeoJSON, distance, steps: 16 }, context)).result;
}

/** Metres between two close positions, on a sphere of the mean radius of the Earth. */
function metres([lon1, lat1]: Position, [lon2, lat2]: Position): number {
  const rad = Math.PI / 180;
  const x = (lon2 - lon1) * rad * Math.cos(((lat1 + lat2) / 2) * rad);
  return 6_371_009 * Math.hypot(x, (lat2 - lat1) * rad);
}

function signedArea(ring: Position[]): number {
  return ring.slice(1).reduce((sum, [x, y], index) => sum + ring[index][0] * y - x * ring[index][1], 0) / 2;
}

const square = (size: number): Polygon => ({
  type: 'Polygon',
  coordinates: [[[0, 0], [size, 0], [size, size], [0, size], [0, 0]]], // prettier-ignore
});

describe('buffer', () => {
  it('is described by its YAML file', () => {
    expect(faults.faults).toEqual([]);
    expect(compiled.description).toMatchObject({ id: 'buffer', version: '1.0.0' });
    expect(Object.keys(compiled.description.inputs)).toEqual(['geometry', 'distance', 'steps']);
    expect(compiled.policy.isolation).toBe('child');
  });

  it.each([0, 60, -75])('surrounds a point at the asked distance, also at latitude %d', async (latitude) => {
    const centre = [10, latitude];
    const area = (await run({ type: 'Point', coordinates: centre }, 1_000)) as Polygon;
    expect(area.type).toBe('Polygon');
    for (const position of area.coordinates[0]) expect(Math.abs(metres(centre, position) - 1_000)).toBeLessThan(2);
  });

  it('winds exterior rings counterclockwise and holes clockwise (RFC 7946, 3.1.6)', async () => {
    const ring: Polygon = {
      type: 'Polygon',
      coordinates: [...square(1).coordinates, [[0.2, 0.2], [0.2, 0.8], [0.8, 0.8], [0.8, 0.2], [0.2, 0.2]]], // prettier-ignore
    };
    const [outer, hole] = ((await run(ring, 1_000)) as Polygon).coordinates;
    expect(signedArea(outer)).toBeGreaterThan(1);
    expect(signedArea(hole)).toBeLessThan(0);
  });

  it('keeps id and properties of features, and the kind of the input', async () => {
    const feature: Feature = {
      type: 'Feature',
      id: 7,
      properties: { a: 1 },
      geometry: { type: 'Point', coordinates: [1, 2] },
    };
    const result = await run({ type: 'FeatureCollection', features: [feature, { ...feature, geometry: null }] }, 10);
    const { features } = result as FeatureCollection;
    expect(features.map(({ id, properties }) => [id, properties])).toEqual([[7, { a: 1 }], [7, { a: 1 }]]); // prettier-ignore
    expect(features.map(({ geometry }) => (geometry as Polygon | null)?.type)).toEqual(['Polygon', undefined]);
    expect(await run(feature, 10)).toMatchObject({ type: 'Feature', id: 7, geometry: { type: 'Polygon' } });
  });

  it('shrinks areas by a negative distance, and buffers the members of a collection of geometries', async () => {
    const shrunk = (await run(square(1), -1_000)) as Polygon;
    expect(signedArea(shrunk.coordinates[0])).toBeLessThan(1);
    const collection = { type: 'GeometryCollection', geometries: [square(1), { type: 'Point', coordinates: [0, 0] }] };
    expect(await run(collection, 5)).toMatchObject({
      type: 'GeometryCollection',
      geometries: [{ type: 'Polygon' }, { type: 'Polygon' }],
    });
  });

  it.each([
    ['a shrunk area', square(0.001), -1_000],
    ['a shrunk point', { type: 'Point', coordinates: [0, 0] }, -1],
    ['a point without distance', { type: 'Point', coordinates: [0, 0] }, 0],
    ['no positions', { type: 'MultiPoint', coordinates: [] }, 5],
    [
      'only vanishing features',
      { type: 'FeatureCollection', features: [{ type: 'Feature', properties: null, geometry: square(0.001) }] },
      -1_000,
    ],
  ])('rejects its inputs when nothing is left: %s', async (_title, geometry, distance) => {
    await expect(run(geometry, distance)).rejects.toThrow(ProcessRejection);
  });

  it.each([
    ['a latitude beyond a pole', { type: 'Point', coordinates: [0, 100] }, 10, 'no position [0, 100]'],
    ['a longitude beyond the antimeridian', { type: 'LineString', coordinates: [[170, 0], [190, 0]] }, 10, '[190, 0]'], // prettier-ignore
    ['an area across the antimeridian', { type: 'Point', coordinates: [180, 0] }, 1_000, 'antimeridian'],
    ['an area around a pole', { type: 'Point', coordinates: [0, 90] }, 1_000, 'pole'],
    ['one of several', { type: 'MultiPoint', coordinates: [[0, 0], [-179.999, 5]] }, 1_000, 'antimeridian'], // prettier-ignore
  ])('refuses what it cannot do right: %s', async (_title, geometry, distance, words) => {
    await expect(run(geometry, distance)).rejects.toThrow(ProcessRejection);
    await expect(run(geometry, distance)).rejects.toThrow(words);
  });

  it('takes areas that are wider than half of the globe, and positions on its edge', async () => {
    const wide: Polygon = { type: 'Polygon', coordinates: [[[-100, -10], [100, -10], [100, 10], [-100, 10], [-100, -10]]] }; // prettier-ignore
    expect(await run(wide, 1_000)).toMatchObject({ type: 'Polygon' });
    expect(await run({ type: 'Point', coordinates: [179, 0] }, 1_000)).toMatchObject({ type: 'Polygon' });
  });

  it('leaves vanishing features out and says so', async () => {
    const feature = (geometry: Polygon) => ({ type: 'Feature', properties: null, geometry });
    const result = await run(
      { type: 'FeatureCollection', features: [feature(square(1)), feature(square(0.001))] },
      -1_000,
    );
    expect((result as FeatureCollection).features).toHaveLength(1);
    expect(warnings.at(-1)).toContain('1 features');
  });

  it('fills in the default of steps and produces what its description says', async () => {
    const values: Record<string, unknown> = { geometry: square(1), distance: 10 };
    expect(await compiled.validateInputs(values)).toEqual([]);
    expect(values.steps).toBe(8);
    const outputs = await compiled.handler.execute(compiled.reviveInputs(values), context);
    expect(compiled.validateOutputs(outputs, new Set())).toEqual([]);
  });

  it('names the fault inside the geometry that was meant', async () => {
    const open = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1]]] }; // prettier-ignore
    expect(await compiled.validateInputs({ geometry: open, distance: 1 })).toEqual([
      { pointer: '/inputs/geometry/coordinates/0', detail: expect.stringContaining('closed ring') },
    ]);
  });
});
