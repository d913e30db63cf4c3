import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { type Copy, type Dockerfile, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { validate, ValidationCode, ValidationSeverity } from 'dockerfile-utils';

const TEXT = readFileSync('docker/Dockerfile', 'utf8');
const file: Dockerfile = DockerfileParser.parse(TEXT);
const stages = file.getFROMs();
const instructions = file.getInstructions();
const last = stages.at(-1)!.getRange().start.line;
/** Those of the image that is made; the others belong to stages that are thrown away. */
const ofImage = instructions.filter((instruction) => instruction.getRange().start.line > last);

function named(keyword: string, among: readonly Instruction[] = instructions): Instruction[] {
  return among.filter((instruction) => instruction.getKeyword() === keyword);
}

function argumentsOf(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue());
}

/** The arguments, flags apart, of an instruction that the image has once. */
function only(keyword: string): string[] {
  const found = named(keyword, ofImage);
  expect([keyword, found.length]).toEqual([keyword, 1]);
  return argumentsOf(found[0]);
}

function json(keyword: string): string[] {
  const [instruction] = named(keyword, ofImage) as JSONInstruction[];
  return instruction.getJSONStrings().map((argument) => JSON.parse(argument.getValue()) as string);
}

/** What a `COPY` takes, as `source ...`, with the stage in front unless it is from the repository. */
function sourcesOf(copy: Instruction): string[] {
  const stage = (copy as Copy).getFromFlag()?.getValue();
  const sources = argumentsOf(copy).slice(0, -1);
  return stage === undefined ? sources : sources.map((source) => `${stage}:${source}`);
}

describe('docker/Dockerfile', () => {
  it('has no finding of the linter', () => {
    const { ERROR } = ValidationSeverity;
    const findings = validate(TEXT, {
      deprecatedMaintainer: ERROR,
      directiveCasing: ERROR,
      emptyContinuationLine: ERROR,
      instructionCasing: ERROR,
      instructionCmdMultiple: ERROR,
      instructionEntrypointMultiple: ERROR,
      instructionHealthcheckMultiple: ERROR,
      instructionJSONInSingleQuotes: ERROR,
      instructionWorkdirRelative: ERROR,
    });
    expect(
      findings.map(({ code, range }) => `line ${range.start.line + 1}: ${ValidationCode[code as number]}`),
    ).toEqual([]);
  });

  it('builds every stage on one base image, pinned by its version', () => {
    expect(stages.map((stage) => stage.getImage())).toEqual(stages.map(() => '${NODE_IMAGE}'));
    const [base] = named('ARG').flatMap(argumentsOf);
    expect(base).toMatch(/^NODE_IMAGE=node:\d+\.\d+\.\d+-[a-z]+-slim$/);
    const [, major] = /node:(\d+)/.exec(base)!;
    // The suites run on this version as well.
    expect(readFileSync('.ci/run', 'utf8')).toContain(`node@${major}`);
  });

  it('fetches nothing but packages of the lock file and of the distribution', () => {
    expect(named('ADD')).toEqual([]);
    const runs = named('RUN').map((run) => run.getRawArgumentsContent() ?? '');
    expect(runs.join('\n')).not.toMatch(/curl|wget|https?:|npm install|npm i /);
    expect(runs.filter((run) => run.includes('npm ci')).every((run) => run.includes('--ignore-scripts'))).toBe(true);
  });

  it('leaves development packages, the embedded PostgreSQL and tests out of the image', () => {
    const packages = named('RUN').find((run) => run.getRawArgumentsContent()?.includes('--omit=dev'));
    expect(packages?.getRawArgumentsContent()).toContain('--omit=optional');
    expect(named('COPY', ofImage).flatMap(sourcesOf)).toEqual([
      'packages:/app/node_modules',
      'build:/app/dist/src',
      'build:/app/dist/migrations',
      'package.json',
      'LICENSE',
      'docker/healthcheck.mjs',
    ]);
  });

  it('copies only what exists, and what .dockerignore lets through', () => {
    const lines = readFileSync('.dockerignore', 'utf8').split('\n');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const sources = named('COPY')
      .flatMap(sourcesOf)
      .filter((source) => !source.includes(':'));
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
    expect([...new Set(sources)].sort()).toEqual([...allowed].sort());
    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
  });

  it('runs as a user that is not root, named by number, after everything that needs root', () => {
    expect(only('USER')).toEqual(['1000:1000']);
    const [user] = named('USER', ofImage);
    const later = ofImage.slice(ofImage.indexOf(user) + 1).map((instruction) => instruction.getKeyword());
    expect(later.filter((keyword) => ['COPY', 'RUN', 'USER'].includes(keyword))).toEqual([]);
  });

  it('starts the command line behind an init that reaps, and serves unless it is told otherwise', () => {
    expect(json('ENTRYPOINT')).toEqual(['tini', '--', 'node', '/app/dist/src/cli.js']);
    expect(json('CMD')).toEqual(['serve']);
    expect(only('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(only('EXPOSE')).toEqual(['3000']);
    expect(only('VOLUME')).toEqual(['/data']);
  });

  it('says by a HEALTHCHECK whether the process is alive', () => {
    expect(only('HEALTHCHECK').join(' ')).toBe('CMD ["node", "/app/healthcheck.mjs"]');
  });

  it('holds no secret and does not open itself to a network', () => {
    const variables = [...named('ENV'), ...named('ARG')].flatMap(argumentsOf).map((pair) => pair.split('=')[0]);
    expect(variables.sort()).toEqual(['DATA_DIR', 'NODE_ENV', 'NODE_IMAGE', 'PORT', 'PROBE_PORT']);
  });
});
