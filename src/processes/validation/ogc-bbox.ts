import { isJsonObject } from '../../ogc/json-object.js';
import { isNumbers } from './structure-fault.js';
import type { StructureFault } from './structure-fault.js';

/** Checks a bounding box value (OGC 18-062r2, `bbox.yaml`): four or six numbers, and optionally the URI of a CRS. */
export function bboxFaults(value: unknown): StructureFault[] {
  if (!isJsonObject(value)) return [{ path: '', detail: 'Expected a bounding box, an object with the member bbox.' }];
  const faults: StructureFault[] = [];
  const { bbox, crs } = value;
  if (!isNumbers(bbox) || (bbox.length !== 4 && bbox.length !== 6)) {
    faults.push({ path: '/bbox', detail: 'Expected the corners as four numbers, or six with heights.' });
  } else {
    // West may exceed east where a box crosses the antimeridian; south never exceeds north.
    const half = bbox.length / 2;
    for (let axis = 1; axis < half; axis++) {
      if (bbox[axis] > bbox[axis + half]) {
        faults.push({ path: `/bbox/${axis}`, detail: 'Expected the lower corner first.' });
      }
    }
  }
  if (crs !== undefined && (typeof crs !== 'string' || !URL.canParse(crs))) {
    faults.push({ path: '/crs', detail: 'Expected the URI of a coordinate reference system.' });
  }
  return faults;
}
