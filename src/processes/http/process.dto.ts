import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';

const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** An entry of the list of processes (OGC 18-062r2 processSummary.yaml), for the OpenAPI document. */
@ApiSchema({ name: 'processSummary' })
export class ProcessSummaryDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  version!: string;

  @ApiPropertyOptional({ type: String })
  title?: string;

  @ApiPropertyOptional({ type: String })
  description?: string;

  @ApiPropertyOptional({ type: [String] })
  keywords?: string[];

  @ApiPropertyOptional({ type: 'array', items: component('metadata') })
  metadata?: object[];

  @ApiPropertyOptional({ type: 'array', items: component('jobControlOptions') })
  jobControlOptions!: string[];

  @ApiPropertyOptional({ type: 'array', items: component('transmissionMode') })
  outputTransmission!: string[];

  @ApiPropertyOptional({ type: [LinkDto] })
  links!: LinkDto[];
}

/** One page of the processes (OGC 18-062r2 processList.yaml). */
@ApiSchema({ name: 'processList' })
export class ProcessListDto {
  @ApiProperty({ type: [ProcessSummaryDto] })
  processes!: ProcessSummaryDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** The description of a process (OGC 18-062r2 process.yaml). */
@ApiSchema({ name: 'process' })
export class ProcessDescriptionDto extends ProcessSummaryDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: component('inputDescription'),
    description: 'Inputs by their ids',
  })
  inputs!: Record<string, object>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: component('outputDescription'),
    description: 'Outputs by their ids',
  })
  outputs!: Record<string, object>;
}
