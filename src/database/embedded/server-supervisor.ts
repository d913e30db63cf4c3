import { setTimeout as delay } from 'node:timers/promises';
import { clearRemains, launchServer, type LaunchPlan } from './server-launch.js';
import { pruneLogFiles } from './server-log.js';
import type { ServerProcess } from './server-process.js';
import { removeSocketDirectory } from './socket-directory.js';

const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;
/** A server that ran this long was healthy, so the next failure is a new one. */
const HEALTHY_AFTER = 10_000;
const PRUNE_EVERY = 60_000;

/** Keeps one server running until told to stop: whenever it ends by itself, it is started again at the same place. */
export class ServerSupervisor {
  private readonly stopping = new AbortController();
  private readonly housekeeping: NodeJS.Timeout;
  private readonly watch: Promise<void>;

  private constructor(
    private readonly plan: LaunchPlan,
    private server: ServerProcess,
  ) {
    this.watch = this.keepRunning();
    this.housekeeping = setInterval(() => {
      pruneLogFiles(plan.layout.log).catch((error: Error) => plan.logger.warn(error.message));
    }, PRUNE_EVERY).unref();
  }

  /** @throws EmbeddedPostgresError when the first start fails; later ones are repeated for as long as it takes */
  static async start(plan: LaunchPlan): Promise<ServerSupervisor> {
    const server = await launchServer(plan, new AbortController().signal);
    await pruneLogFiles(plan.layout.log);
    return new ServerSupervisor(plan, server);
  }

  /** Shuts the server down, in the middle of a restart too. Nothing of it runs when this returns. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.housekeeping);
    const stopped = await this.server.stop();
    if (!stopped) this.plan.logger.error('PostgreSQL did not stop in time.');
    else await this.watch;
    await clearRemains(this.plan);
    await removeSocketDirectory(this.plan.layout, this.plan.socketDirectory);
  }

  private async keepRunning(): Promise<void> {
    const { logger } = this.plan;
    let wait = FIRST_DELAY;
    for (;;) {
      const begun = performance.now();
      const how = await this.server.ended;
      if (this.stopping.signal.aborted) return;
      if (performance.now() - begun > HEALTHY_AFTER) wait = FIRST_DELAY;
      logger.error(`PostgreSQL ended unexpectedly (${how}); starting it again.`);
      for (let restarted = false; !restarted; wait = Math.min(wait * 2, LONGEST_DELAY)) {
        try {
          await delay(wait, undefined, { signal: this.stopping.signal });
          this.server = await launchServer(this.plan, this.stopping.signal);
          restarted = true;
        } catch (error) {
          if (this.stopping.signal.aborted) return;
          logger.error(`${(error as Error).message}\nThe next attempt follows.`);
        }
      }
      if (this.stopping.signal.aborted) {
        await this.server.stop();
        return;
      }
      logger.info('PostgreSQL is running again.');
    }
  }
}
