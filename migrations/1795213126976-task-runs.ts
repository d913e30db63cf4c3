import { MigrationInterface, QueryRunner } from 'typeorm';

export class TaskRuns1795213126976 implements MigrationInterface {
  name = 'TaskRuns1795213126976';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "artifact" ("job_id" uuid NOT NULL, "key" text NOT NULL, "type" text NOT NULL, "data" json NOT NULL, "description" text, "step" text, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "artifact_pk" PRIMARY KEY ("job_id", "key"))`,
    );
    await queryRunner.query(
      `CREATE TABLE "task_run" ("job_id" uuid NOT NULL, "key" text NOT NULL, "kind" text NOT NULL, "name" text NOT NULL, "parent" text, "state_type" text NOT NULL, "state_name" text NOT NULL, "attempt" integer NOT NULL, "input_hash" text NOT NULL, "after" text array NOT NULL DEFAULT '{}', "tags" text array NOT NULL DEFAULT '{}', "value" json, "outputs" json, "fault" json, "message" text, "failures" jsonb NOT NULL DEFAULT '[]', "request" json, "answer" json, "wake_at" TIMESTAMP WITH TIME ZONE, "child_id" uuid, "cached_from" json, "epoch" integer NOT NULL, "worker_id" text, "seq" integer NOT NULL, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "started_at" TIMESTAMP WITH TIME ZONE, "finished_at" TIMESTAMP WITH TIME ZONE, CONSTRAINT "task_run_pk" PRIMARY KEY ("job_id", "key"))`,
    );
    await queryRunner.query(`CREATE INDEX "task_run_order" ON "task_run" ("job_id", "seq")`);
    await queryRunner.query(`ALTER TABLE "job" ADD "attempts" integer NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE "job" ADD "parent_id" uuid`);
    await queryRunner.query(`ALTER TABLE "job" ADD "parent_task" text`);
    await queryRunner.query(`ALTER TABLE "job" ADD "retry_of" uuid`);
    await queryRunner.query(`ALTER TABLE "job" ADD "cached_from" uuid`);
    await queryRunner.query(`ALTER TABLE "job" ADD "signals" integer NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE "job" ADD "due_at" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(`ALTER TABLE "job" ADD "pause_requested" boolean NOT NULL DEFAULT false`);
    await queryRunner.query(`ALTER TABLE "job" ADD "waiting_reason" text`);
    await queryRunner.query(`ALTER TABLE "job" ADD "ran_ms" bigint NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE "job" ADD "claimed_at" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(`CREATE INDEX "job_due" ON "job" ("due_at") WHERE due_at IS NOT NULL`);
    await queryRunner.query(`CREATE INDEX "job_children" ON "job" ("parent_id") WHERE parent_id IS NOT NULL`);
    await queryRunner.query(
      `ALTER TABLE "artifact" ADD CONSTRAINT "artifact_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "task_run" ADD CONSTRAINT "task_run_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "task_run" DROP CONSTRAINT "task_run_job"`);
    await queryRunner.query(`ALTER TABLE "artifact" DROP CONSTRAINT "artifact_job"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_children"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_due"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "claimed_at"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "ran_ms"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "waiting_reason"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "pause_requested"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "due_at"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "signals"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "cached_from"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "retry_of"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "parent_task"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "parent_id"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "attempts"`);
    await queryRunner.query(`DROP INDEX "sluice"."task_run_order"`);
    await queryRunner.query(`DROP TABLE "task_run"`);
    await queryRunner.query(`DROP TABLE "artifact"`);
  }
}
