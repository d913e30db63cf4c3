import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Seed } from '../harness/seed.js';
import { Load } from './load.js';
import { Nemesis } from './nemesis.js';
import { SoakSite } from './soak-site.js';
import { judge } from './verdict.js';

// `npm run soak -- --minutes 60 --seed 1`: flows under workers that are killed all the time and a PostgreSQL that crashes
// now and then. Prints what came of it; exits with 1 when anything was lost or a transactional effect was duplicated.

const WORKERS = 3;
const CLIENTS = 30;
/** Milliseconds between two lines about the progress, and at most for what is under way when the killing ends. */
const REPORT_INTERVAL = 30_000;
const PATIENCE = 180_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
});
const duration = Number(values.minutes) * 60_000;
if (!(duration > 0)) throw new Error(`--minutes is a number above 0, not ${values.minutes}`);
const seed = Seed.of(values.seed);
const say = (text: string) => process.stdout.write(`${text}\n`);
say(`Soaking for ${values.minutes} min with --seed ${seed.value}: ${WORKERS} workers, ${CLIENTS} clients.`);

const site = await SoakSite.open(WORKERS);
try {
  const load = new Load(site, seed, CLIENTS);
  const nemesis = new Nemesis(site, seed, WORKERS);
  const end = Date.now() + duration;
  while (Date.now() < end) {
    await delay(Math.min(REPORT_INTERVAL, Math.max(0, end - Date.now())));
    say(`  ${load.accepted.length} jobs, ${nemesis.kills} kills, ${nemesis.crashes} crashes of PostgreSQL`);
  }
  await nemesis.stop();
  await load.stop(PATIENCE);
  const { jobs, lost, duplicated, repeated, suspects } = await judge(site, load.accepted);
  for (const suspect of suspects.slice(0, 50)) say(suspect);
  say(`jobs ${jobs}`);
  say(`kills ${nemesis.kills} (and ${nemesis.crashes} crashes of PostgreSQL)`);
  say(`steps repeated ${repeated}`);
  say(`lost ${lost}`);
  say(`duplicated transactional effects ${duplicated}`);
  const failures = [...load.failures, ...(nemesis.failure ? [nemesis.failure] : [])];
  for (const { stack } of failures) say(stack ?? '');
  const isSound = jobs > 0 && lost === 0 && duplicated === 0 && failures.length === 0;
  if (!isSound) say(site.tails());
  process.exitCode = isSound ? 0 : 1;
} finally {
  await site.close();
}
