import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';

/** No answer came: the server is not there, or the connection broke. */
export class TransportError extends CliError {
  constructor(url: URL, cause: unknown) {
    const code = codeOf(cause);
    const [reason, advice] = explain(code, url, (cause as Error).message);
    super(`Cannot reach ${url.origin}: ${reason}.`, ExitCode.usage, advice, { code });
  }
}

function codeOf(error: unknown): string {
  const { code, cause, errors } = error as { code?: string; cause?: unknown; errors?: unknown[] };
  // Several addresses of one name were tried: each has an error of its own.
  if (errors?.length) return codeOf(errors[0]);
  if (code !== undefined) return code;
  return cause === undefined ? '' : codeOf(cause);
}

function explain(code: string, url: URL, message: string): [reason: string, advice: string] {
  const other = 'name the server with --url or SLUICE_URL';
  switch (code) {
    case 'ECONNREFUSED':
      return ['the connection was refused', `Is the service running? Start it with "sluice serve", or ${other}.`];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [`the name ${url.hostname} is not known`, `Check the spelling and the network, or ${other}.`];
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['nothing answers there', `Check the network and any firewall, or ${other}.`];
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return ['the connection broke before the answer was complete', 'The log of the server may say why.'];
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return [message, 'For a certificate of your own authority, set NODE_EXTRA_CA_CERTS to its file.'];
  }
  if (code.startsWith('HPE_') || code.startsWith('ERR_SSL')) {
    return ['it does not speak the expected protocol', 'Is it http where the URL says https, or the other way round?'];
  }
  return [message, `Check the URL, or ${other}.`];
}
