import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** The document is fetched from the address of the page, so it works behind every proxy and prefix. */
const START_SCRIPT = `window.addEventListener('load', () => {
  SwaggerUIBundle({
    url: document.documentElement.dataset.document,
    dom_id: '#swagger-ui',
    deepLinking: true,
    validatorUrl: null,
  });
});
`;

/** What the page may load: its own files. Swagger UI sets styles on elements and has its icons in data URLs. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/**
 * The page with Swagger UI; it loads nothing from elsewhere.
 * @param api relative URL of the API definition as seen from the page: `api`, or `.` when the page's URL ends in a slash
 */
export function swaggerPage(api: 'api' | '../api'): string {
  return `<!DOCTYPE html>
<html lang="en" data-document="${api}?f=json">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Sluice: API documentation</title>
  <link rel="icon" type="image/png" href="${api}/assets/favicon-32x32.png">
  <link rel="stylesheet" href="${api}/assets/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <noscript>The definition itself is <a href="${api}?f=json">an OpenAPI document in JSON</a>.</noscript>
  <script src="${api}/assets/swagger-ui-bundle.js"></script>
  <script src="${api}/assets/start.js"></script>
</body>
</html>
`;
}

/** A file of the page, from the installed package. @returns nothing when the page has no such file */
export async function swaggerAsset(name: string): Promise<{ type: string; content: Buffer } | undefined> {
  if (name === 'start.js') return { type: FILES['swagger-ui-bundle.js'], content: Buffer.from(START_SCRIPT) };
  if (!Object.hasOwn(FILES, name)) return undefined;
  return { type: FILES[name], content: await readFile(join(directory, name)) };
}
