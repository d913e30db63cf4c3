import { MigrationInterface, QueryRunner } from 'typeorm';

export class FilesOfJobs1795997400000 implements MigrationInterface {
  name = 'FilesOfJobs1795997400000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "storage_removal" ("id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL, "storage" text NOT NULL, "prefix" text NOT NULL, "keeping" text, "due_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "attempts" integer NOT NULL DEFAULT '0', CONSTRAINT "storage_removal_pk" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(`CREATE INDEX "storage_removal_due" ON "storage_removal" ("due_at", "id")`);
    await queryRunner.query(`ALTER TABLE "job" ADD "storage" text`);
    await queryRunner.query(`ALTER TABLE "job" ADD "results_expire_at" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(`ALTER TABLE "job" ADD "results_expired_at" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(
      `CREATE INDEX "job_results_expiry" ON "job" ("results_expire_at") WHERE results_expire_at IS NOT NULL`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "sluice"."job_results_expiry"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "results_expired_at"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "results_expire_at"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "storage"`);
    await queryRunner.query(`DROP INDEX "sluice"."storage_removal_due"`);
    await queryRunner.query(`DROP TABLE "storage_removal"`);
  }
}
