import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(120_000);

/** What `npm start` and `npm test` do first, in a small project with the settings of this one. */
function prepare(project: string): { status: number | null; said: string } {
  const { PATH, HOME } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [resolve('scripts/prepare.mjs')], {
    cwd: project,
    env: { PATH, HOME },
    encoding: 'utf8',
  });
  return { status, said: stderr };
}

describe('scripts/prepare.mjs', () => {
  const root = temporaryDirectory('prepare');
  const project = join(root.path, 'project');
  const source = join(project, 'src/main.ts');
  const built = join(project, 'dist/src/main.js');

  const write = (file: string, text: string) => writeFileSync(join(project, file), text);
  /** Prepares, and expects that it had to build. */
  const rebuild = () => expect(prepare(project)).toEqual({ status: 0, said: 'Building ...\n' });
  const doNothing = () => expect(prepare(project)).toEqual({ status: 0, said: '' });

  beforeAll(() => {
    for (const folder of ['src', 'migrations', 'test']) mkdirSync(join(project, folder), { recursive: true });
    for (const file of ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json']) cpSync(file, join(project, file));
    symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
    write('package.json', '{"name": "project", "version": "1.0.0", "type": "module"}');
    write('package-lock.json', '{"packages": {"": {"name": "project"}}}');
    write('src/main.ts', 'export const word = "one";\n');
    write('src/other.ts', 'export const other = 1;\n');
    write('src/sample.process.yaml', 'id: first\n');
  });
  afterAll(() => root.remove());

  it('says that it builds, and is quick and silent when there is nothing to do', () => {
    rebuild();
    const before = statSync(built).mtimeMs;
    doNothing();
    expect(statSync(built).mtimeMs).toBe(before);
  });

  it('needs no build for a test that changed', () => {
    write('src/main.spec.ts', 'broken(');
    doNothing();
  });

  it.each<[string, () => void, () => string, RegExp]>([
    ['changed', () => write('src/main.ts', 'export const word = "two";\n'), () => built, /"two"/],
    [
      'put back with the date and the size that it had',
      () => {
        const { atime, mtime } = statSync(source);
        write('src/main.ts', 'export const word = "one";\n');
        utimesSync(source, atime, mtime);
      },
      () => built,
      /"one"/,
    ],
    [
      'replaced by an older file',
      () => {
        write('older.ts', 'export const word = "old";\n');
        utimesSync(join(project, 'older.ts'), 0, 0);
        renameSync(join(project, 'older.ts'), source);
      },
      () => built,
      /"old"/,
    ],
    [
      'no code but is copied',
      () => write('src/sample.process.yaml', 'id: second\n'),
      () => join(project, 'dist/src/sample.process.yaml'),
      /second/,
    ],
  ])('builds again when a source was %s', (_, change, output, expected) => {
    change();
    rebuild();
    expect(readFileSync(output(), 'utf8')).toMatch(expected);
    doNothing();
  });

  it('leaves no output of a source that is gone', () => {
    rmSync(join(project, 'src/other.ts'));
    rebuild();
    expect(existsSync(join(project, 'dist/src/other.js'))).toBe(false);
    expect(existsSync(built)).toBe(true);
  });

  it.each([
    ['was changed by somebody else', () => writeFileSync(built, 'export const word = "else";\n')],
    ['is not all there', () => rmSync(built)],
  ])('builds again when the build %s', (_, change) => {
    change();
    rebuild();
    expect(readFileSync(built, 'utf8')).toContain('"old"');
    doNothing();
  });

  it('fails as long as the sources have an error', () => {
    write('src/main.ts', 'export const word: number = "three";\n');
    for (const attempt of [1, 2]) {
      const { status, said } = prepare(project);
      expect([attempt, status]).toEqual([attempt, 1]);
      expect(said).toMatch(/^Building \.\.\.\n[^]*TS2322/);
    }
    write('src/main.ts', 'export const word = "three";\n');
    rebuild();
    expect(readFileSync(built, 'utf8')).toContain('"three"');
  });

  it('says that it installs packages when one of package-lock.json is missing, and does so', () => {
    const fresh = join(root.path, 'fresh');
    mkdirSync(join(fresh, 'part'), { recursive: true });
    const part = { name: 'part', version: '1.0.0' };
    writeFileSync(join(fresh, 'part/package.json'), JSON.stringify(part));
    const manifest = { name: 'fresh', version: '1.0.0', dependencies: { part: 'file:part' } };
    writeFileSync(join(fresh, 'package.json'), JSON.stringify(manifest));
    writeFileSync(
      join(fresh, 'package-lock.json'),
      JSON.stringify({
        name: 'fresh',
        version: '1.0.0',
        lockfileVersion: 3,
        requires: true,
        packages: { '': manifest, part, 'node_modules/part': { resolved: 'part', link: true } },
      }),
    );
    expect(prepare(fresh).said).toMatch(/^Installing packages/);
    expect(existsSync(join(fresh, 'node_modules/part/package.json'))).toBe(true);
    expect(prepare(fresh).said).toMatch(/^Building/);
  });
});
