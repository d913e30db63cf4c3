import { MigrationInterface, QueryRunner } from 'typeorm';

export class Subscriptions1795216200000 implements MigrationInterface {
  name = 'Subscriptions1795216200000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "notification" ("subscription_id" uuid NOT NULL, "job_id" uuid NOT NULL, "seq" integer NOT NULL, "type" text NOT NULL, "at" TIMESTAMP WITH TIME ZONE NOT NULL, "data" json, "job" json, "state" text NOT NULL DEFAULT 'owed', "attempts" integer NOT NULL DEFAULT '0', "due_at" TIMESTAMP WITH TIME ZONE DEFAULT now(), "attempted_at" TIMESTAMP WITH TIME ZONE, "status" smallint, "reason" text, CONSTRAINT "notification_pk" PRIMARY KEY ("subscription_id", "job_id", "seq"))`,
    );
    await queryRunner.query(
      `CREATE INDEX "notification_newest" ON "notification" ("subscription_id", "at", "job_id", "seq")`,
    );
    await queryRunner.query(
      `CREATE INDEX "notification_due" ON "notification" ("subscription_id", "due_at") WHERE due_at IS NOT NULL`,
    );
    await queryRunner.query(
      `CREATE TABLE "subscription" ("id" uuid NOT NULL, "url" text NOT NULL, "events" text array NOT NULL, "process_ids" text array, "secret" text, "description" text, "base" text NOT NULL, "enabled" boolean NOT NULL DEFAULT true, "disabled_reason" text, "dropped" integer NOT NULL DEFAULT '0', "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "subscription_pk" PRIMARY KEY ("id"))`,
    );
    // A trigger, so that no statement that writes an event can forget the notifications; see docs/decisions.
    await queryRunner.query(
      `CREATE FUNCTION "owe_notifications"() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT FROM subscription WHERE enabled) THEN
           INSERT INTO notification (subscription_id, job_id, seq, type, at, data, job)
           SELECT s.id, NEW.job_id, NEW.seq, NEW.type, NEW.at, NEW.data, to_json(d)
           FROM subscription s, (
             SELECT j.id, j.process_id, j.process_version, j.state_type, j.state_name, j.message, j.progress, j.fault,
               j.recoveries, j.worker_id, j.created_at, j.started_at, j.finished_at, j.updated_at, j.waiting_reason,
               j.due_at, j.parent_id, j.retry_of, j.cached_from, j.response ->> 'outputs' = '[]' AS wants_nothing
             FROM job j WHERE j.id = NEW.job_id
           ) d
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

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER "job_event_notifications" ON "job_event"`);
    await queryRunner.query(`DROP FUNCTION "owe_notifications"()`);
    await queryRunner.query(`DROP TABLE "subscription"`);
    await queryRunner.query(`DROP INDEX "notification_due"`);
    await queryRunner.query(`DROP INDEX "notification_newest"`);
    await queryRunner.query(`DROP TABLE "notification"`);
  }
}
