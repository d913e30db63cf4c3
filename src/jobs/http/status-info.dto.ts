import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import { JOB_STATUSES, STATE_TYPES } from '../job-state.js';

/** Our finer state beside the OGC status. */
@ApiSchema({ name: 'jobState' })
class JobStateDto {
  @ApiProperty({ enum: STATE_TYPES })
  type!: string;

  @ApiProperty({ example: 'Running' })
  name!: string;

  @ApiPropertyOptional()
  message?: string;
}

/** What a step of a job asks people for. */
@ApiSchema({ name: 'inputRequest' })
class InputRequestDto {
  @ApiProperty({ description: 'Key of the step that asks' })
  task!: string;

  @ApiProperty()
  name!: string;

  @ApiPropertyOptional()
  message?: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of the answer' })
  schema!: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: String, format: 'date-time', description: 'Until when an answer is taken' })
  until!: string;
}

/** `statusInfo.yaml` in the OpenAPI document. */
@ApiSchema({ name: 'statusInfo' })
export class StatusInfoDto {
  @ApiProperty()
  jobID!: string;

  @ApiPropertyOptional({ description: 'The same as jobID, under its name in the 2.0 draft' })
  id?: string;

  @ApiProperty({ enum: ['process'] })
  type!: string;

  @ApiPropertyOptional({ enum: ['ogc-api-processes'] })
  processingEntityType?: string;

  @ApiPropertyOptional()
  processID?: string;

  @ApiProperty({ enum: JOB_STATUSES, enumName: 'statusCode' })
  status!: string;

  @ApiPropertyOptional()
  message?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 100 })
  progress?: number;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  created?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  started?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  finished?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  updated?: string;

  @ApiPropertyOptional({ type: JobStateDto })
  state?: JobStateDto;

  @ApiPropertyOptional({ description: 'Why a job does not run now' })
  waitingReason?: string;

  @ApiPropertyOptional({ type: [InputRequestDto], description: 'What its steps wait for; in its own status only' })
  inputRequests?: InputRequestDto[];

  @ApiPropertyOptional({ type: [LinkDto] })
  links?: LinkDto[];
}

/** `jobList.yaml` in the OpenAPI document. */
@ApiSchema({ name: 'jobList' })
export class JobListDto {
  @ApiProperty({ type: [StatusInfoDto] })
  jobs!: StatusInfoDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}
