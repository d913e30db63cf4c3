import { MigrationInterface, QueryRunner } from 'typeorm';

export class DistributedTasks1795219200000 implements MigrationInterface {
  name = 'DistributedTasks1795219200000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "task_run" ADD "arguments" json`);
    await queryRunner.query(`ALTER TABLE "task_run" ADD "dispatches" integer NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE "task_run" ADD "dispatched_at" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(`ALTER TABLE "task_run" ADD "lease_until" TIMESTAMP WITH TIME ZONE`);
    await queryRunner.query(`ALTER TABLE "task_run" ADD "recoveries" integer NOT NULL DEFAULT '0'`);
    await queryRunner.query(
      `CREATE INDEX "task_run_leases" ON "task_run" ("lease_until") WHERE lease_until IS NOT NULL`,
    );
    await queryRunner.query(
      `CREATE INDEX "task_run_dispatched" ON "task_run" ("dispatched_at") WHERE dispatched_at IS NOT NULL`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "sluice"."task_run_dispatched"`);
    await queryRunner.query(`DROP INDEX "sluice"."task_run_leases"`);
    await queryRunner.query(`ALTER TABLE "task_run" DROP COLUMN "recoveries"`);
    await queryRunner.query(`ALTER TABLE "task_run" DROP COLUMN "lease_until"`);
    await queryRunner.query(`ALTER TABLE "task_run" DROP COLUMN "dispatched_at"`);
    await queryRunner.query(`ALTER TABLE "task_run" DROP COLUMN "dispatches"`);
    await queryRunner.query(`ALTER TABLE "task_run" DROP COLUMN "arguments"`);
  }
}
