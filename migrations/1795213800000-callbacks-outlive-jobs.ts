import { MigrationInterface, QueryRunner } from 'typeorm';

export class CallbacksOutliveJobs1795213800000 implements MigrationInterface {
  name = 'CallbacksOutliveJobs1795213800000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "job_callback" DROP CONSTRAINT "job_callback_job"`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DELETE FROM "job_callback" c WHERE NOT EXISTS (SELECT FROM "job" j WHERE j."id" = c."job_id")`,
    );
    await queryRunner.query(
      `ALTER TABLE "job_callback" ADD CONSTRAINT "job_callback_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }
}
