/** The groups of operations, in the order in which a reader meets them. */
export const OWN_TAGS = [
  { name: 'API', description: 'The landing page, what the service conforms to, and this definition' },
  { name: 'Processes', description: 'What can be executed' },
  { name: 'Execution', description: 'Executing processes, with a body or with a query' },
  { name: 'Jobs', description: 'Executions: their status, log and history; dismissal' },
  { name: 'Results', description: 'What the executions produced' },
  { name: 'Health', description: 'Probes for whoever keeps the service running' },
];
