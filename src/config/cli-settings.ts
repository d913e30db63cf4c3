/** Where the command line finds a server, when no option says so. */
export interface CliSettings {
  /** SLUICE_URL: absolute URL of the landing page. */
  readonly url: string;
  /** SLUICE_HEADERS: one `Name: value` per line; sent with every request to that server. */
  readonly headers: readonly string[];
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/**
 * Reads what the client commands take from the environment. The file `.env` is not read: it configures the service,
 * and a client started in somebody else's directory must not send its credentials where a file there says.
 */
export function readCliSettings(environment: Readonly<Record<string, string | undefined>> = process.env): CliSettings {
  return {
    url: environment.SLUICE_URL?.trim() || DEFAULT_URL,
    headers: (environment.SLUICE_HEADERS ?? '').split(/\r?\n/).filter((line) => line.trim() !== ''),
  };
}
