import { MigrationInterface, QueryRunner } from 'typeorm';

export class LimitsAndCache1795219800000 implements MigrationInterface {
  name = 'LimitsAndCache1795219800000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "result_cache" ("key" text NOT NULL, "job_id" uuid NOT NULL, "task_key" text NOT NULL, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "result_cache_pk" PRIMARY KEY ("key"))`,
    );
    await queryRunner.query(`CREATE INDEX "result_cache_of_job" ON "result_cache" ("job_id")`);
    await queryRunner.query(
      `CREATE TABLE "concurrency_slot" ("limit_key" text NOT NULL, "job_id" uuid NOT NULL, "task_key" text NOT NULL, "waits" boolean NOT NULL, "most" integer NOT NULL, "epoch" integer, "since" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "concurrency_slot_pk" PRIMARY KEY ("limit_key", "job_id", "task_key"))`,
    );
    await queryRunner.query(
      `CREATE INDEX "concurrency_slot_queue" ON "concurrency_slot" ("limit_key", "since", "job_id", "task_key") WHERE waits`,
    );
    await queryRunner.query(`CREATE INDEX "concurrency_slot_of_job" ON "concurrency_slot" ("job_id")`);
    await queryRunner.query(`ALTER TABLE "job" ADD "admission" json`);
    await queryRunner.query(
      `ALTER TABLE "result_cache" ADD CONSTRAINT "result_cache_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "concurrency_slot" ADD CONSTRAINT "concurrency_slot_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "concurrency_slot" DROP CONSTRAINT "concurrency_slot_job"`);
    await queryRunner.query(`ALTER TABLE "result_cache" DROP CONSTRAINT "result_cache_job"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "admission"`);
    await queryRunner.query(`DROP INDEX "sluice"."concurrency_slot_of_job"`);
    await queryRunner.query(`DROP INDEX "sluice"."concurrency_slot_queue"`);
    await queryRunner.query(`DROP TABLE "concurrency_slot"`);
    await queryRunner.query(`DROP INDEX "sluice"."result_cache_of_job"`);
    await queryRunner.query(`DROP TABLE "result_cache"`);
  }
}
