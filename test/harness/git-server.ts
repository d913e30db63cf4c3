import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from './temporary-directory.js';

/** A repository of a test's own, on this machine. */
export class GitRepository {
  private readonly place = temporaryDirectory('git');
  readonly path = join(this.place.path, 'repository');

  constructor(files: ReadonlyMap<string, Buffer>) {
    mkdirSync(this.path);
    this.git('init', '--quiet', '--initial-branch', 'main');
    this.git('config', 'user.name', 'Test');
    this.git('config', 'user.email', 'test@example.org');
    this.git('config', 'http.uploadpack', 'true');
    this.git('config', 'uploadpack.allowReachableSHA1InWant', 'true');
    this.commit(files);
  }

  /** @returns the id of the commit */
  commit(files: ReadonlyMap<string, Buffer>): string {
    for (const [name, content] of files) {
      const path = join(this.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'files');
    return this.git('rev-parse', 'HEAD').trim();
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.path, encoding: 'utf8' });
  }

  remove(): void {
    this.place.remove();
  }
}

/** Offers a repository over HTTP as git itself does, at `/repository`. */
export class GitServer {
  private constructor(
    private readonly server: Server,
    private readonly repository: GitRepository,
  ) {}

  /** @param password asked for by HTTP's basic authentication, of any user */
  static async start(repository: GitRepository, password?: string): Promise<GitServer> {
    const server = createServer((request, response) => {
      const given = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString();
      if (password === undefined || given.endsWith(`:${password}`)) return runBackend(repository, request, response);
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GitServer(server, repository);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/repository`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
    this.repository.remove();
  }
}

/** The Common Gateway Interface: a head in lines, an empty line, the body. */
function runBackend(repository: GitRepository, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url!, 'http://host');
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: dirname(repository.path),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  let head = Buffer.alloc(0);
  child.stdout.on('data', (bytes: Buffer) => {
    if (response.headersSent) return void response.write(bytes);
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name, value] = line.split(/: (.*)/);
      if (name === 'Status') response.statusCode = Number.parseInt(value);
      else response.setHeader(name, value);
    }
    response.flushHeaders();
    response.write(head.subarray(end + 4));
  });
  child.stdout.on('end', () => response.end());
}
