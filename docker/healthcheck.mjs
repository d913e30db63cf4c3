// Asks the process in this container whether it is alive: an API answers on PORT, a worker on PROBE_PORT. A database that is
// away is no fault of the container, so `/health/ready`, which would tell of it, is not asked.
const ports = new Set([process.env.PORT, process.env.PROBE_PORT].filter(Boolean));

async function ask(port) {
  const response = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4_000) });
  if (!response.ok) throw new Error(`port ${port} answers ${response.status}`);
}

try {
  await Promise.any([...ports].map(ask));
} catch (error) {
  console.error(error.errors.map(({ message, cause }) => cause?.message ?? message).join('; '));
  process.exitCode = 1;
}
