/** The profile of the results document (2.0), as responses name it. */
export const RESULTS_PROFILE = 'https://www.opengis.net/def/profile/OGC/0/ogc-results';

/** Its other names (2.0 /req/query-param-profile/definition): the id, and a safe CURIE of any prefix. */
const ID = 'ogc-results';
const SAFE_CURIE = /^\[[\w.-]*:ogc-results\]$/;
/** The parameter of a media type (RFC 6906 section 3.1): one or several URIs, separated by blanks. */
const PARAMETER = /;\s*profile\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/gi;

/**
 * Whether a client asks for the results document of 2.0.
 * @param profile the query parameter `profile`, several joined by commas
 * @param accept as sent; a profile may stand in it as a parameter
 */
export function asksForDocument(profile: string | undefined, accept: string | undefined): boolean {
  return (
    (profile?.split(',').some(isResultsProfile) ?? false) ||
    // Nearly no request has the parameter.
    (accept !== undefined && /profile/i.test(accept) && profilesIn(accept).some(isResultsProfile))
  );
}

function profilesIn(accept: string): string[] {
  return [...accept.matchAll(PARAMETER)].flatMap(([, quoted, plain]) => (quoted ?? plain).split(/[\s,]+/));
}

function isResultsProfile(name: string): boolean {
  const profile = name.trim();
  return profile === ID || profile.replace(/^http:/, 'https:') === RESULTS_PROFILE || SAFE_CURIE.test(profile);
}
