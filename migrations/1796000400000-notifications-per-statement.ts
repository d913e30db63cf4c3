import { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns of a job that its notifications tell. */
const DESCRIBED = `j.id, j.process_id, j.process_version, j.state_type, j.state_name, j.message, j.progress, j.fault, j.recoveries,
  j.worker_id, j.created_at, j.started_at, j.finished_at, j.updated_at, j.waiting_reason, j.due_at, j.parent_id, j.retry_of,
  j.cached_from, j.response ->> 'outputs' = '[]' AS wants_nothing`;

/** Events come in groups, so the trigger asks once per statement whom they concern, and not once per event. */
export class NotificationsPerStatement1796000400000 implements MigrationInterface {
  name = 'NotificationsPerStatement1796000400000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER "job_event_notifications" ON "job_event"`);
    await queryRunner.query(
      `CREATE OR REPLACE FUNCTION "owe_notifications"() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT FROM subscription WHERE enabled) THEN
           INSERT INTO notification (subscription_id, job_id, seq, type, at, data, job)
           SELECT s.id, e.job_id, e.seq, e.type, e.at, e.data, to_json(d)
           FROM new_events e
             JOIN subscription s ON s.enabled AND e.type = ANY (s.events)
             JOIN LATERAL (SELECT ${DESCRIBED} FROM job j WHERE j.id = e.job_id) d
               ON s.process_ids IS NULL OR d.process_id = ANY (s.process_ids);
           IF FOUND THEN
             PERFORM pg_notify('sluice_notification', '');
           END IF;
         END IF;
         RETURN NULL;
       END
       $$`,
    );
    await queryRunner.query(
      `CREATE TRIGGER "job_event_notifications" AFTER INSERT ON "job_event" REFERENCING NEW TABLE AS new_events
       FOR EACH STATEMENT EXECUTE FUNCTION "owe_notifications"()`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER "job_event_notifications" ON "job_event"`);
    await queryRunner.query(
      `CREATE OR REPLACE FUNCTION "owe_notifications"() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT FROM subscription WHERE enabled) THEN
           INSERT INTO notification (subscription_id, job_id, seq, type, at, data, job)
           SELECT s.id, NEW.job_id, NEW.seq, NEW.type, NEW.at, NEW.data, to_json(d)
           FROM subscription s, (SELECT ${DESCRIBED} FROM job j WHERE j.id = NEW.job_id) d
           WHERE s.enabled AND NEW.type = ANY (s.events)
             AND (s.process_ids IS NULL OR d.process_id = ANY (s.process_ids));
           IF FOUND THEN
             PERFORM pg_notify('sluice_notification', '');
           END IF;
         END IF;
         RETURN NULL;
       END
       $$`,
    );
    await queryRunner.query(
      `CREATE TRIGGER "job_event_notifications" AFTER INSERT ON "job_event" FOR EACH ROW EXECUTE FUNCTION "owe_notifications"()`,
    );
  }
}
