// What has to be there before the service or its tests can start: the packages of package-lock.json, then the build.
// Says what it does on standard error, and nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Packages by their place in node_modules; npm keeps the same list of what it has installed. */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Optional packages do not count: those for other platforms are never there. */
function isInstalled() {
  const installed = packagesIn('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  return Object.entries(packagesIn('package-lock.json'))
    .filter(([place, wanted]) => place !== '' && !wanted.optional)
    .every(([place, wanted]) => {
      const present = installed[place];
      return present?.version === wanted.version && present?.integrity === wanted.integrity;
    });
}

if (!isInstalled()) {
  console.error('Installing packages (the first time this takes a minute or so) ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
await import('./build.mjs');
