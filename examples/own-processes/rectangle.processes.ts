import { Module } from '@nestjs/common';
import { IsNumber, IsPositive } from 'class-validator';
import { Input, type JobContext, Output, Process, type ProcessHandler } from 'sluice';

export class RectangleInputs {
  @Input({ title: 'Width', description: 'Metres' })
  @IsNumber()
  @IsPositive()
  width!: number;

  @Input({ title: 'Height', description: 'Metres' })
  @IsNumber()
  @IsPositive()
  height = 1;
}

export class RectangleOutputs {
  @Output({ title: 'Area', description: 'Square metres' })
  @IsNumber()
  area!: number;

  @Output({ title: 'Drawing', mediaType: 'image/svg+xml' })
  drawing?: string; // written through context.outputs, hence not returned
}

@Process({
  id: 'rectangle',
  version: '1.0.0',
  title: 'Rectangle',
  description: 'Computes the area of a rectangle and draws it.',
  inputs: RectangleInputs,
  outputs: RectangleOutputs,
})
export class Rectangle implements ProcessHandler<RectangleInputs, RectangleOutputs> {
  async execute({ width, height }: RectangleInputs, { outputs }: JobContext): Promise<RectangleOutputs> {
    const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%"/></svg>`;
    await outputs.write('drawing', drawing);
    return { area: width * height };
  }
}

/** The file exports one module that lists the processes; PROCESS_MODULES names the file. */
@Module({ providers: [Rectangle] })
export class RectangleModule {}
