import { describe, expect, it } from '@jest/globals';
import { TaskFailedError } from '../processes/task-failed.error.js';
import { StorageError } from '../storage/storage-error.js';
import { faultOf } from './execution-faults.js';

describe('the fault of a run that ended with the error of a storage', () => {
  const away = new StorageError('unavailable', 'a.nc');
  const failed = (cause: Error) => new TaskFailedError('save', cause.name, cause.message, { cause });

  it.each([
    ['the storage is away', away, 'a.nc cannot be reached at the moment'],
    ['a step of it says so', failed(away), 'The step "save" failed: a.nc cannot be reached at the moment'],
    ['a step within a step says so', failed(failed(away)), expect.stringContaining('cannot be reached')],
    ['it cannot work', new StorageError('misconfigured', '', { detail: 'The bucket is none' }), 'The bucket is none'],
    ['another worker says so', new TaskFailedError('save', 'StorageUnavailableError', 'away'), expect.any(String)],
  ])('is storage-unavailable when %s', (_, thrown, detail) => {
    expect(faultOf(thrown)).toEqual({ code: 'storage-unavailable', detail });
  });

  it.each([
    ['a key is missing', new StorageError('not-found', 'a.nc')],
    ['the code made an error of its own of it', new Error('no catalogue', { cause: away })],
  ])('is that of the process when %s', (_, thrown) => {
    expect(faultOf(thrown)).toMatchObject({ code: 'process-failed' });
  });
});
