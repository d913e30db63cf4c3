import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { STATE_TYPES } from '../../jobs/job-state.js';
import { LinkDto } from '../../ogc/landing-page.dto.js';

/** State of a step, in the graph of a job. */
@ApiSchema({ name: 'graphState' })
class GraphStateDto {
  @ApiProperty({ enum: STATE_TYPES })
  type!: string;

  @ApiProperty()
  name!: string;
}

/** A step. */
@ApiSchema({ name: 'graphNode' })
class GraphNodeDto {
  @ApiProperty({ description: 'As in the list of tasks; the elements of a context.map are `*`' })
  key!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['task', 'run', 'sleep', 'input', 'process'] })
  kind!: string;

  @ApiPropertyOptional({ type: Boolean, description: 'It runs for each element of a context.map' })
  mapped?: true;

  @ApiPropertyOptional({ type: Boolean, description: 'It runs with some inputs only' })
  optional?: true;

  @ApiPropertyOptional({ description: 'Key of the step in which it was called' })
  parent?: string;

  @ApiPropertyOptional({ type: GraphStateDto, description: 'Of a job; absent while the step has not begun' })
  state?: GraphStateDto;

  @ApiPropertyOptional({ type: 'integer', description: 'The last attempt; the highest of a mapped step' })
  attempt?: number;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  started?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  finished?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Of a mapped step: how many of its runs are in which state',
  })
  counts?: Readonly<Record<string, number>>;
}

/** `to` uses the result of `from`, or begins after it. */
@ApiSchema({ name: 'graphEdge' })
class GraphEdgeDto {
  @ApiProperty()
  from!: string;

  @ApiProperty()
  to!: string;
}

/** The steps of a process or a job. */
@ApiSchema({ name: 'taskGraph' })
export class TaskGraphDto {
  @ApiProperty()
  processID!: string;

  @ApiProperty({ description: 'Version of the process' })
  version!: string;

  @ApiPropertyOptional({ description: 'Of the graph of a job' })
  jobID?: string;

  @ApiProperty({ type: [GraphNodeDto] })
  nodes!: readonly GraphNodeDto[];

  @ApiProperty({ type: [GraphEdgeDto] })
  edges!: readonly GraphEdgeDto[];

  @ApiProperty({ description: 'False: there may be more steps' })
  complete!: boolean;

  @ApiPropertyOptional({ description: 'Why it is not complete' })
  reason?: string;

  @ApiProperty({ type: [LinkDto] })
  links!: readonly LinkDto[];
}
