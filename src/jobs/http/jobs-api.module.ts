import { Module } from '@nestjs/common';
import { OgcModule } from '../../ogc/ogc.module.js';
import { DismissalService } from '../dismissal.service.js';
import { EventFeed } from '../events/event-feed.js';
import { JobBlockUsage } from '../job-block-usage.js';
import { JobsModule } from '../jobs.module.js';
import { StatusInfoPresenter } from '../status-info.js';
import { JobList } from '../store/job-list.js';
import { JobEventsController } from './job-events.controller.js';
import { JobLogsController } from './job-logs.controller.js';
import { JobsController } from './jobs.controller.js';

/** Jobs as resources of the API. */
@Module({
  imports: [JobsModule, OgcModule],
  controllers: [JobsController, JobLogsController, JobEventsController],
  providers: [JobList, EventFeed, DismissalService, StatusInfoPresenter, JobBlockUsage],
  exports: [StatusInfoPresenter],
})
export class JobsApiModule {}
