/** NOTIFY channel: a job has reached a terminal state. The payload is the job's id. */
export const JOB_CHANNEL = 'sluice_job_ended';

/** NOTIFY channel: a running job is to be cancelled. The payload is the job's id. */
export const CANCEL_CHANNEL = 'sluice_job_cancel';
