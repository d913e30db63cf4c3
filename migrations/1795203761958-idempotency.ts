import { MigrationInterface, QueryRunner } from 'typeorm';

export class Idempotency1795203761958 implements MigrationInterface {
  name = 'Idempotency1795203761958';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "job" ADD "idempotency_key" text`);
    await queryRunner.query(`ALTER TABLE "job" ADD "request_digest" text`);
    await queryRunner.query(
      `CREATE UNIQUE INDEX "job_idempotency" ON "job"  ("idempotency_key") WHERE idempotency_key IS NOT NULL`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "sluice"."job_idempotency"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "request_digest"`);
    await queryRunner.query(`ALTER TABLE "job" DROP COLUMN "idempotency_key"`);
  }
}
