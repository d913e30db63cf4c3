import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Input } from '../../decorators/input.decorator.js';
import { Output } from '../../decorators/output.decorator.js';
import { Process } from '../../decorators/process.decorator.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';

export class SimpleFlowInputs {
  @Input({ title: 'Name', description: 'Who is greeted.', schema: { example: 'Ada' } })
  @IsString()
  @MinLength(1)
  @MaxLength(1_000)
  name!: string;

  @Input({ title: 'Message', description: 'Said after the greeting.', schema: { example: 'Good morning.' } })
  @IsOptional()
  @IsString()
  @MaxLength(10_000)
  message?: string;
}

export class SimpleFlowOutputs {
  @Output({ title: 'Result', description: 'The greeting and the message.', mediaType: 'text/plain' })
  result!: string;
}

/** Greets in separate steps, in an executor of its own, and tells in its log and progress which step it is at. */
@Process({
  id: 'simple-flow',
  version: '1.0.0',
  title: 'Simple flow',
  description: 'Composes a greeting in steps and reports each of them in the log and the progress of the job.',
  keywords: ['flow', 'example'],
  inputs: SimpleFlowInputs,
  outputs: SimpleFlowOutputs,
})
export class SimpleFlow implements ProcessHandler<SimpleFlowInputs, SimpleFlowOutputs> {
  execute({ name, message }: SimpleFlowInputs, context: JobContext): SimpleFlowOutputs {
    const greeting = this.greet(name);
    context.logger.info('Composed the greeting', { characters: greeting.length });
    context.progress(50, 'Composed the greeting');
    const result = message ? this.append(greeting, message) : greeting;
    if (message) context.logger.info('Appended the message', { characters: message.length });
    context.progress(100, 'Done');
    return { result };
  }

  private greet(name: string): string {
    return `Hello ${name}!`;
  }

  private append(greeting: string, message: string): string {
    return `${greeting} ${message}`;
  }
}
