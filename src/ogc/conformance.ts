const PROCESSES = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
const COMMON = 'http://www.opengis.net/spec/ogcapi-common-1/1.0/conf';

/** The conformance classes this service implements in full; nothing is listed on expectation. */
export const CONFORMANCE_CLASSES = [
  `${COMMON}/core`,
  `${COMMON}/json`,
  `${COMMON}/oas30`,
  `${PROCESSES}/core`,
  `${PROCESSES}/ogc-process-description`,
  `${PROCESSES}/json`,
  `${PROCESSES}/oas30`,
  `${PROCESSES}/dismiss`,
] as const;
