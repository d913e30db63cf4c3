import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

/** A link object in the OpenAPI document (OGC 18-062r2 link.yaml). */
@ApiSchema({ name: 'link' })
export class LinkDto {
  @ApiProperty()
  href!: string;

  @ApiPropertyOptional({ type: String, description: 'Link relation: an IANA name or a URI' })
  rel!: string;

  @ApiPropertyOptional({ type: String, description: 'Media type of the target' })
  type?: string;

  @ApiPropertyOptional({ type: String })
  title?: string;

  @ApiPropertyOptional({ type: String })
  hreflang?: string;
}

/** The landing page (OGC 18-062r2 landingPage.yaml). */
@ApiSchema({ name: 'landingPage' })
export class LandingPageDto {
  @ApiPropertyOptional()
  title!: string;

  @ApiPropertyOptional()
  description!: string;

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** The declaration of conformance (OGC 18-062r2 confClasses.yaml). */
@ApiSchema({ name: 'confClasses' })
export class ConformanceDto {
  @ApiProperty({ type: [String], description: 'URIs of the implemented conformance classes' })
  conformsTo!: string[];
}
