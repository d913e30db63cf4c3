/** NOTIFY channel: jobs have reached a terminal state. The payload is their ids, separated by commas. */
export const JOB_CHANNEL = 'sluice_job_ended';

/** NOTIFY channel: a running job is to be cancelled. The payload is the job's id. */
export const CANCEL_CHANNEL = 'sluice_job_cancel';

/** NOTIFY channel: jobs have new events. The payload is their ids, separated by commas; see `ChangeAnnouncer`. */
export const CHANGE_CHANNEL = 'sluice_job_changed';

/** NOTIFY channel: a subscriber is to be called back. The payload is empty. */
export const CALLBACK_CHANNEL = 'sluice_callback';

/** NOTIFY channel: notifications are owed to subscriptions; the trigger of `job_event` writes to it. No payload. */
export const NOTIFICATION_CHANNEL = 'sluice_notification';

/** NOTIFY channel: places under limits may be free. The payload is the numbers of their keys, separated by commas. */
export const SLOT_CHANNEL = 'sluice_slot_freed';
