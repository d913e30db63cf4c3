import { describe, expect, it } from '@jest/globals';
import { StorageError } from '../storage-error.js';
import { fileFault } from './file-fault.js';

describe(fileFault.name, () => {
  it.each([
    ['ENOENT', 'not-found', 'is not there'],
    ['ENOTDIR', 'invalid-key', 'lies below a key'],
    ['EISDIR', 'invalid-key', 'is a directory'],
    ['ENOTEMPTY', 'invalid-key', 'is a directory'],
    ['ELOOP', 'forbidden', 'is a symbolic link'],
    ['EEXIST', 'exists', 'is there already'],
    ['EACCES', 'forbidden', 'the user that runs the service'],
    ['EPERM', 'forbidden', 'the user that runs the service'],
    ['EROFS', 'read-only', 'a file system that can only be read'],
    ['EFBIG', 'too-large', 'is larger'],
    ['ENAMETOOLONG', 'invalid-key', 'is longer'],
    ['ENOSPC', 'unavailable', 'no space is left'],
    ['EDQUOT', 'unavailable', 'no space is left'],
    ['EMFILE', 'unavailable', 'cannot be reached at the moment'],
    [undefined, 'unavailable', 'cannot be reached at the moment'],
  ])('says of %s that the key is %s: it %s', (code, fault, words) => {
    const error = Object.assign(new Error("failed, open '/srv/secret/a/b'"), { code });
    const said = fileFault(error, 'a/b');
    expect(said).toMatchObject({ fault, cause: error, isPassing: fault === 'unavailable' });
    expect(said.message).toMatch(/^a\/b /);
    expect(said.message).toContain(words);
    expect(said.message).not.toContain('/srv');
  });

  it('leaves alone what is said already', () => {
    const error = new StorageError('corrupted', 'a/b');
    expect(fileFault(error, 'c')).toBe(error);
  });
});
