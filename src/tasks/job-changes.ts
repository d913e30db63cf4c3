import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { CHANGE_CHANNEL } from '../jobs/job-channels.js';

/** Tells runs of flows on this node that their jobs have new events, whoever wrote them. A hint: some may be missed. */
@Injectable()
export class JobChanges implements OnModuleInit {
  private readonly listeners = new Map<string, () => void>();

  constructor(private readonly notifications: Notifications) {}

  onModuleInit(): void {
    this.notifications.on(CHANGE_CHANNEL, (jobIds) => {
      if (this.listeners.size === 0) return;
      for (const jobId of jobIds.split(',')) this.listeners.get(jobId)?.();
    });
  }

  /** Resolves when the job has changed, or after `most` milliseconds. One waits per job. */
  async next(jobId: string, most: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, most);
      this.listeners.set(jobId, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.listeners.delete(jobId);
  }
}
