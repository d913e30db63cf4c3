import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Client } from '../harness/client.js';
import { sluice } from '../harness/command-line.js';
import { PostgresServer } from '../harness/postgres.js';
import { rawRequest } from '../harness/raw-http.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const SECRET = 'hunter2-is-what-nobody-may-see';
const MARK = { $secret: true };
const AWS = { accessKeyId: 'AKIA', secretAccessKey: SECRET };

interface Block {
  readonly id: string;
  readonly values: Record<string, unknown>;
  readonly version: number;
  readonly origin: string;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}
