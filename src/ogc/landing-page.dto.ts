import { ApiProperty } from '@nestjs/swagger';

/** A link object in the OpenAPI document (OGC 18-062r2 link.yaml). */
export class LinkDto {
  @ApiProperty({ format: 'uri' })
  href!: string;

  @ApiProperty({ description: 'Link relation: an IANA name or a URI' })
  rel!: string;

  @ApiProperty({ type: String, required: false, description: 'Media type of the target' })
  type?: string;

  @ApiProperty({ type: String, required: false })
  title?: string;

  @ApiProperty({ type: String, required: false })
  hreflang?: string;
}

/** The landing page (OGC 18-062r2 landingPage.yaml). */
export class LandingPageDto {
  @ApiProperty()
  title!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** The declaration of conformance (OGC 18-062r2 confClasses.yaml). */
export class ConformanceDto {
  @ApiProperty({ type: [String], description: 'URIs of the implemented conformance classes' })
  conformsTo!: string[];
}
