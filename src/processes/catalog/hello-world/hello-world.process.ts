import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Input } from '../../decorators/input.decorator.js';
import { Output } from '../../decorators/output.decorator.js';
import { Process } from '../../decorators/process.decorator.js';
import type { ProcessHandler } from '../../process-handler.js';

/** The inputs of `hello-world`. */
export class HelloWorldInputs {
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

/** The outputs of `hello-world`. */
export class HelloWorldOutputs {
  @Output({ title: 'Greeting', description: 'One line of text.', mediaType: 'text/plain' })
  result!: string;
}

/** The smallest useful process: a client's first request, and a template for one's own. */
@Process({
  id: 'hello-world',
  version: '1.0.0',
  title: 'Hello, world',
  description: 'Greets the name it is given, and appends the message when there is one.',
  keywords: ['hello', 'example'],
  inputs: HelloWorldInputs,
  outputs: HelloWorldOutputs,
  isolation: 'inline',
})
export class HelloWorld implements ProcessHandler<HelloWorldInputs, HelloWorldOutputs> {
  execute({ name, message }: HelloWorldInputs): HelloWorldOutputs {
    return { result: message ? `Hello ${name}! ${message}` : `Hello ${name}!` };
  }
}
