import { Module } from '@nestjs/common';
import { RouteTable } from './http/route-table.js';
import { LandingPageController } from './landing-page.controller.js';
import { LinkBuilder } from './links/link-builder.js';
import { ProblemFilter } from './problems/problem.filter.js';

/** What every OGC resource shares: links, problems, the landing page. */
@Module({
  controllers: [LandingPageController],
  providers: [LinkBuilder, RouteTable, ProblemFilter],
  exports: [LinkBuilder, RouteTable, ProblemFilter],
})
export class OgcModule {}
