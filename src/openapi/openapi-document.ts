import { createRequire } from 'node:module';
import { type INestApplication, Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProcessRegistry } from '../processes/process-registry.js';
import { addComponents } from './components/add-components.js';
import { OWN_TAGS } from './tags.js';
import { addProblemResponses } from './problem-responses.js';
import { addProcessOperations } from './process-operations.js';
import { toOpenApi31 } from './to-openapi-31.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const { version } = createRequire(import.meta.url)('sluice/package.json') as { version: string };

/** The versions of OpenAPI in which the document is there. */
export type OpenApiVersion = '3.0' | '3.1';

/**
 * The OpenAPI document of the API, built once at start from the controllers and the processes (OGC 18-062r2 class
 * oas30, 2.0 class oas31).
 */
@Injectable()
export class OpenApiDocument implements OnApplicationBootstrap {
  private readonly texts = new Map<OpenApiVersion, string>();

  constructor(
    private readonly modules: ModulesContainer,
    private readonly application: ApplicationConfig,
    private readonly adapterHost: HttpAdapterHost,
    private readonly registry: ProcessRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const document = this.build();
    this.texts.set('3.0', JSON.stringify(document));
    this.texts.set('3.1', JSON.stringify(toOpenApi31(document)));
  }

  /** @param baseUrl absolute URL of the landing page as the client sees it; becomes the one server of the document */
  json(baseUrl: string, version: OpenApiVersion = '3.0'): string {
    return `{"servers":${JSON.stringify([{ url: baseUrl }])},${this.texts.get(version)!.slice(1)}`;
  }

  private build(): Omit<OpenAPIObject, 'servers'> {
    const config = new DocumentBuilder()
      .setOpenAPIVersion('3.0.3')
      .setTitle('Sluice')
      .setDescription('Processes published as OGC API - Processes, executed on a durable queue.')
      .setVersion(version)
      .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
      .build();
    const { servers: _servers, ...document } = SwaggerModule.createDocument(this.applicationView(), config, {
      include: this.ownModules(),
      ignoreGlobalPrefix: true,
      autoTagControllers: false,
    });
    delete document.info.contact;
    document.tags = OWN_TAGS;
    // Whoever reaches the service may use it; access is controlled in front of it.
    document.security = [];
    addComponents(document);
    for (const [path, item] of Object.entries(document.paths)) {
      for (const method of METHODS) {
        const operation = item[method];
        if (operation) addProblemResponses(operation, method, path);
      }
    }
    addProcessOperations(
      document,
      this.registry.list().map(({ description }) => description),
    );
    return document;
  }

  /**
   * Swagger's scanner asks for the application only to get at these three, which a module can have injected; so the
   * document is there as well when the API is a part of somebody else's application.
   */
  private applicationView(): INestApplication {
    return {
      container: { getModules: () => this.modules, isGlobalModule: () => false },
      config: this.application,
      getHttpAdapter: () => this.adapterHost.httpAdapter,
    } as unknown as INestApplication;
  }

  /** The modules that make up this API: those that import this room, and all below them, but not a host above. */
  private ownModules(): Type[] {
    const found = new Set<object>();
    const visit = (module: { imports: Set<unknown> }) => {
      if (found.has(module)) return;
      found.add(module);
      for (const imported of module.imports) visit(imported as typeof module);
    };
    const modules = [...this.modules.values()];
    const own = modules.find((module) => module.providers.has(OpenApiDocument));
    for (const module of modules) if (own && module.imports.has(own)) visit(module);
    return [...found].map((module) => (module as { metatype: Type }).metatype);
  }
}
