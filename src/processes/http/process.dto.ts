import { ApiProperty } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';

const JOB_CONTROL_OPTIONS = ['sync-execute', 'async-execute', 'dismiss'];
const TRANSMISSION_MODES = ['value', 'reference'];

/** An entry of the list of processes (OGC 18-062r2 processSummary.yaml), for the OpenAPI document. */
export class ProcessSummaryDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  version!: string;

  @ApiProperty({ type: String, required: false })
  title?: string;

  @ApiProperty({ type: String, required: false })
  description?: string;

  @ApiProperty({ type: [String], required: false })
  keywords?: string[];

  @ApiProperty({ type: 'array', items: { type: 'object' }, required: false })
  metadata?: object[];

  @ApiProperty({ type: [String], enum: JOB_CONTROL_OPTIONS })
  jobControlOptions!: string[];

  @ApiProperty({ type: [String], enum: TRANSMISSION_MODES })
  outputTransmission!: string[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** One page of the processes (OGC 18-062r2 processList.yaml). */
export class ProcessListDto {
  @ApiProperty({ type: [ProcessSummaryDto] })
  processes!: ProcessSummaryDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

const DESCRIBED_VALUE = {
  type: 'object' as const,
  required: ['schema'],
  properties: { schema: { type: 'object' as const } },
};

/** The description of a process (OGC 18-062r2 process.yaml). */
export class ProcessDescriptionDto extends ProcessSummaryDto {
  @ApiProperty({ type: 'object', additionalProperties: DESCRIBED_VALUE, description: 'Inputs by their ids' })
  inputs!: Record<string, object>;

  @ApiProperty({ type: 'object', additionalProperties: DESCRIBED_VALUE, description: 'Outputs by their ids' })
  outputs!: Record<string, object>;
}
