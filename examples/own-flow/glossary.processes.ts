import { Module } from '@nestjs/common';
import { ArrayMaxSize, IsBoolean, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { Flow, Input, type JobContext, Output, type ProcessHandler, Task } from 'sluice';

export class GlossaryInputs {
  @Input({ title: 'Texts', description: 'Each is counted in a task of its own', maxOccurs: 'unbounded' })
  @IsString()
  @MaxLength(100_000)
  texts!: string[];

  @Input({ title: 'Size', description: 'Words of the glossary' })
  @IsInt()
  @Min(1)
  @Max(100)
  size = 10;

  @Input({ title: 'Review', description: 'Whether somebody has a look before it is published' })
  @IsBoolean()
  review = false;
}

export class GlossaryOutputs {
  @Output({ title: 'Glossary', description: 'The most frequent words, the first one first', schema: { type: 'array' } })
  glossary!: string[];
}

/** What the reviewer is asked for. */
export class Review {
  @Input({ title: 'Remove', description: 'Words that do not belong in the glossary, with commas' })
  @IsString({ each: true })
  @ArrayMaxSize(100)
  remove: string[] = [];
}

export interface WordCount {
  word: string;
  count: number;
}

@Flow({
  id: 'glossary',
  version: '1.0.0',
  title: 'Glossary',
  description: 'Finds the most frequent words of some texts, and lets somebody review them.',
  inputs: GlossaryInputs,
  outputs: GlossaryOutputs,
})
export class Glossary implements ProcessHandler<GlossaryInputs, GlossaryOutputs> {
  async execute({ texts, size, review }: GlossaryInputs, context: JobContext): Promise<GlossaryOutputs> {
    const counts = await context.map(texts, (text) => this.countWords(text), { key: (_, index) => index });
    const words = await this.mostFrequent(counts, size);
    await context.artifact.table('words', words);
    if (!review) return { glossary: words.map(({ word }) => word) };

    const message = `Please review ${words.map(({ word }) => word).join(', ')}.`;
    const { remove } = await context.waitForInput('review', Review, { message, timeout: '7d' });
    return { glossary: words.map(({ word }) => word).filter((word) => !remove.includes(word)) };
  }

  @Task({ name: 'count words', retry: { attempts: 3, delay: '1s', factor: 2, jitter: 0.3 }, timeout: '1m' })
  countWords(text: string): Promise<Record<string, number>> {
    const counts = new Map<string, number>();
    for (const [word] of text.toLowerCase().matchAll(/\p{L}{4,}/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return Promise.resolve(Object.fromEntries(counts));
  }

  @Task({ name: 'most frequent' })
  mostFrequent(counts: Record<string, number>[], size: number): Promise<WordCount[]> {
    const sums = new Map<string, number>();
    for (const [word, count] of counts.flatMap(Object.entries<number>)) sums.set(word, (sums.get(word) ?? 0) + count);
    const sorted = [...sums].sort(([a, some], [b, more]) => more - some || a.localeCompare(b));
    return Promise.resolve(sorted.slice(0, size).map(([word, count]) => ({ word, count })));
  }
}

@Module({ providers: [Glossary] })
export class GlossaryModule {}
