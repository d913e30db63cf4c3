/** The groups of operations, in the order in which a reader meets them. */
export const OWN_TAGS = [
  { name: 'API', description: 'The landing page, what the service conforms to, and this definition' },
  { name: 'Processes', description: 'What can be executed' },
  { name: 'Execution', description: 'Executing processes, with a body or with a query' },
  { name: 'Jobs', description: 'Executions: their status, log and history; dismissal' },
  { name: 'Tasks', description: 'The steps of jobs; pausing, resuming and repeating jobs' },
  { name: 'Results', description: 'What the executions produced' },
  { name: 'Uploads', description: 'Sending bytes in advance, to be used as inputs' },
  { name: 'Subscriptions', description: 'Being told of the events of jobs' },
  { name: 'Blocks', description: 'Typed, named configuration, its secrets encrypted' },
  { name: 'Health', description: 'Probes for whoever keeps the service running' },
];
