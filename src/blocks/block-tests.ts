import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DomainError } from '../ogc/problems/domain-error.js';
import { BlockTester } from './block-tester.js';
import { type BlockInstance, Blocks } from './blocks.js';
import { KnownSecrets } from './secrets/known-secrets.js';

/** Milliseconds. */
const TIME_LIMIT = 20_000;
const LONGEST_DETAIL = 500;

/** How the test of a block went. */
export interface BlockTestOutcome {
  readonly ok: boolean;
  readonly detail?: string;
}

/** Tries blocks out: by the test of their own class, and by those of the rooms that use them. */
@Injectable()
export class BlockTests implements OnApplicationBootstrap {
  private readonly logger = new Logger(BlockTests.name);
  private testers: readonly BlockTester[] = [];

  constructor(
    private readonly blocks: Blocks,
    private readonly discovery: DiscoveryService,
  ) {}

  onApplicationBootstrap(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    this.testers = [...new Set(instances.filter((instance) => instance instanceof BlockTester))];
  }

  /** @throws DomainError `no-such-block` */
  async test(ref: string): Promise<BlockTestOutcome> {
    let block: BlockInstance;
    try {
      block = await this.blocks.get(ref);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'block-unusable') throw error;
      return { ok: false, detail: error.message };
    }
    try {
      const tests = this.testsOf(block.instance);
      if (tests.length === 0) return { ok: true, detail: 'Its values are complete; there is nothing else to test.' };
      await inTime(Promise.all(tests));
      return { ok: true };
    } catch (error) {
      return { ok: false, detail: this.sayable(error, block) };
    }
  }

  private testsOf(instance: object): Promise<void>[] {
    const own = (instance as { test?: () => Promise<void> | void }).test;
    const tests = this.testers.map((tester) => tester.test(instance)).filter((test) => test !== undefined);
    return typeof own === 'function' ? [...tests, (async () => own.call(instance))()] : tests;
  }

  private sayable(error: unknown, { ref, secrets }: BlockInstance): string {
    const text = KnownSecrets.of(secrets).hideIn(error instanceof Error ? error.message : String(error));
    this.logger.log(`The test of the block ${ref} failed: ${text}`);
    return text.slice(0, LONGEST_DETAIL);
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The test took too long.')), TIME_LIMIT);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
