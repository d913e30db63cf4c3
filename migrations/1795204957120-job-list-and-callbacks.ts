import { MigrationInterface, QueryRunner } from 'typeorm';

export class JobListAndCallbacks1795204957120 implements MigrationInterface {
  name = 'JobListAndCallbacks1795204957120';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "sluice"."job_of_process"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_unfinished"`);
    await queryRunner.query(`ALTER TABLE "job" ADD "subscriber" json`);
    await queryRunner.query(`CREATE INDEX "job_by_state" ON "job"  ("state_type", "created_at", "id") `);
    await queryRunner.query(
      `CREATE INDEX "job_of_process" ON "job"  ("process_id", "state_type", "created_at", "id") `,
    );
    await queryRunner.query(
      `CREATE INDEX "job_duration" ON "job" (("finished_at" - "started_at")) WHERE finished_at IS NOT NULL`,
    );
    await queryRunner.query(
      `CREATE TABLE "job_callback" ("job_id" uuid NOT NULL, "seq" integer NOT NULL, "kind" text NOT NULL, "uri" text NOT NULL, "origin" text NOT NULL, "job" json NOT NULL, "attempts" integer NOT NULL DEFAULT '0', "due_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "job_callback_pk" PRIMARY KEY ("job_id", "seq"))`,
    );
    await queryRunner.query(`CREATE INDEX "job_callback_due" ON "job_callback"  ("origin", "due_at") `);
    await queryRunner.query(
      `ALTER TABLE "job_callback" ADD CONSTRAINT "job_callback_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "job_callback" DROP CONSTRAINT "job_callback_job"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_callback_due"`);
    await queryRunner.query(`DROP TABLE "job_callback"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_duration"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_of_process"`);
    await queryRunner.query(`DROP INDEX "sluice"."job_by_state"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "subscriber"`);
    await queryRunner.query(
      `CREATE INDEX "job_unfinished" ON "job"  ("state_type", "created_at") WHERE state_type IN ('SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING')`,
    );
    await queryRunner.query(`CREATE INDEX "job_of_process" ON "job"  ("process_id", "created_at", "id") `);
  }
}
