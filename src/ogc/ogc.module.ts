import { Module, type NestModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OwnRoutes } from './http/own-routes.js';
import { RouteTable } from './http/route-table.js';
import { LandingPageController } from './landing-page.controller.js';
import { LinkBuilder } from './links/link-builder.js';
import { ErrorTranslation } from './problems/error-translation.js';
import { ProblemFilter } from './problems/problem.filter.js';

/** What every OGC resource shares: links, problems, the landing page. */
@Module({
  imports: [DiscoveryModule],
  controllers: [LandingPageController],
  providers: [LinkBuilder, RouteTable, OwnRoutes, ErrorTranslation, ProblemFilter],
  exports: [LinkBuilder, RouteTable, ErrorTranslation, ProblemFilter],
})
export class OgcModule implements NestModule {
  constructor(private readonly ownRoutes: OwnRoutes) {}

  /** The one hook of a module that Nest calls before it registers routes. */
  configure(): void {
    this.ownRoutes.equip();
  }
}
