import { MigrationInterface, QueryRunner } from 'typeorm';

export class Jobs1795201711766 implements MigrationInterface {
  name = 'Jobs1795201711766';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "job" ("id" uuid NOT NULL, "process_id" text NOT NULL, "process_version" text NOT NULL, "state_type" text NOT NULL, "state_name" text NOT NULL, "message" text, "progress" smallint, "fault" json, "inputs" json NOT NULL, "staged" json, "response" json NOT NULL, "epoch" integer NOT NULL DEFAULT '0', "seq" integer NOT NULL DEFAULT '0', "dispatches" integer NOT NULL DEFAULT '1', "recoveries" integer NOT NULL DEFAULT '0', "worker_id" text, "lease_until" TIMESTAMP WITH TIME ZONE, "cancel_requested_at" TIMESTAMP WITH TIME ZONE, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "started_at" TIMESTAMP WITH TIME ZONE, "finished_at" TIMESTAMP WITH TIME ZONE, "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "expires_at" TIMESTAMP WITH TIME ZONE, CONSTRAINT "job_pk" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(`CREATE INDEX "job_expiry" ON "job"  ("expires_at") WHERE expires_at IS NOT NULL`);
    await queryRunner.query(
      `CREATE INDEX "job_unfinished" ON "job"  ("state_type", "created_at") WHERE state_type IN ('SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING')`,
    );
    await queryRunner.query(`CREATE INDEX "job_of_process" ON "job"  ("process_id", "created_at", "id") `);
    await queryRunner.query(`CREATE INDEX "job_newest" ON "job"  ("created_at", "id") `);
    await queryRunner.query(
      `CREATE TABLE "job_event" ("job_id" uuid NOT NULL, "seq" integer NOT NULL, "type" text NOT NULL, "at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "data" json, CONSTRAINT "job_event_pk" PRIMARY KEY ("job_id", "seq"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "job_log" ("job_id" uuid NOT NULL, "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "level" text NOT NULL, "time" TIMESTAMP WITH TIME ZONE NOT NULL, "message" text NOT NULL, "data" json, CONSTRAINT "job_log_pk" PRIMARY KEY ("job_id", "id"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "job_output" ("job_id" uuid NOT NULL, "output_id" text NOT NULL, "value" json, "file" text, "media_type" text NOT NULL, "size" bigint, "sha256" text, CONSTRAINT "job_output_pk" PRIMARY KEY ("job_id", "output_id"))`,
    );
    await queryRunner.query(
      `ALTER TABLE "job_event" ADD CONSTRAINT "job_event_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "job_log" ADD CONSTRAINT "job_log_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "job_output" ADD CONSTRAINT "job_output_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "job_output" DROP CONSTRAINT "job_output_job"`);
    await queryRunner.query(`ALTER TABLE "job_log" DROP CONSTRAINT "job_log_job"`);
    await queryRunner.query(`ALTER TABLE "job_event" DROP CONSTRAINT "job_event_job"`);
    await queryRunner.query(`DROP TABLE "job_output"`);
    await queryRunner.query(`DROP TABLE "job_log"`);
    await queryRunner.query(`DROP TABLE "job_event"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_newest"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_of_process"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_unfinished"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_expiry"`);
    await queryRunner.query(`DROP TABLE "job"`);
  }
}
