import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupBuilder } from './group-builder.js';
import { NetcdfWriter } from './netcdf-writer.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-netcdf-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe(NetcdfWriter.name, () => {
  it('says in one line what the system answered when it cannot write', async () => {
    await expect(NetcdfWriter.open(join(directory, 'absent', 'a.nc'))).rejects.toThrow(
      /^The NetCDF file could not be written: No such file or directory\.$/,
    );
  });

  it('reports a fault of the HDF5 library instead of carrying on', async () => {
    const writer = await NetcdfWriter.open(join(directory, 'b.nc'));
    const twice = new GroupBuilder('/Sonar').build();
    await expect(writer.create([twice, twice])).rejects.toThrow('could not be written');
    await writer.dispose();
    await expect(writer.finish()).rejects.toThrow('could not be written');
  });
});
