import { schemaRef } from './schema-ref.js';

const uri = (description: string) => ({ type: 'string', format: 'uri', description });

/** The standard's schemas of execute requests and results, by the names of their files (OGC 18-062r2 `execute.yaml`). */
export const EXECUTE_SCHEMAS = {
  execute: {
    type: 'object',
    description: 'An execute request; which inputs and outputs there are, the process description tells',
    properties: {
      inputs: {
        type: 'object',
        description: 'By input id; several values of one input are a list',
        additionalProperties: {
          anyOf: [schemaRef('inlineOrRefData'), { type: 'array', items: schemaRef('inlineOrRefData') }],
        },
      },
      outputs: {
        type: 'object',
        description: 'The outputs to return, by output id; absent: all of them, {}: none',
        additionalProperties: schemaRef('output'),
      },
      response: {
        type: 'string',
        enum: ['raw', 'document'],
        description: 'Values as they are, or a document by output id. A request that has it follows version 1.0',
      },
      subscriber: schemaRef('subscriber'),
    },
  },
  output: {
    type: 'object',
    description: 'How an output is wanted',
    properties: { format: schemaRef('format'), transmissionMode: schemaRef('transmissionMode') },
  },
  transmissionMode: { type: 'string', enum: ['value', 'reference'] },
  subscriber: {
    type: 'object',
    description: 'Where to call when the state of the job changes',
    properties: {
      successUri: uri('Gets the results when the job has succeeded'),
      inProgressUri: uri('Gets the status when the job has started, and when its progress changes'),
      failedUri: uri('Gets the status when the job has failed'),
    },
  },
  results: {
    type: 'object',
    description: 'Results by output id: values, qualified values or links',
    additionalProperties: schemaRef('inlineOrRefData'),
  },
  validation: {
    type: 'object',
    description: 'The request is valid; nothing was executed',
    required: ['valid', 'processID', 'mode'],
    properties: {
      valid: { type: 'boolean', enum: [true] },
      processID: { type: 'string' },
      mode: { type: 'string', enum: ['sync', 'async'], description: 'How the process would be executed' },
    },
  },
} as const;
