import { MigrationInterface, QueryRunner } from 'typeorm';

/** What belongs to a job alone and is written together with it: no row of it is checked, all of it goes with the job. */
export class HistoryWithoutReferences1796067000000 implements MigrationInterface {
  name = 'HistoryWithoutReferences1796067000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    // First the table that every statement locks first: other nodes may be at work.
    await queryRunner.query(`LOCK TABLE "job" IN ACCESS EXCLUSIVE MODE`);
    await queryRunner.query(`ALTER TABLE "job_output" DROP CONSTRAINT "job_output_job"`);
    await queryRunner.query(`ALTER TABLE "job_event" DROP CONSTRAINT "job_event_job"`);
    await queryRunner.query(
      `CREATE FUNCTION "remove_history"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
       BEGIN
         DELETE FROM job_output WHERE job_id = ANY (ARRAY(SELECT id FROM removed_jobs));
         DELETE FROM job_event WHERE job_id = ANY (ARRAY(SELECT id FROM removed_jobs));
         RETURN NULL;
       END
       $$`,
    );
    await queryRunner.query(
      `CREATE TRIGGER "job_history" AFTER DELETE ON "job" REFERENCING OLD TABLE AS removed_jobs
       FOR EACH STATEMENT EXECUTE FUNCTION "remove_history"()`,
    );
    await queryRunner.query(
      `CREATE FUNCTION "empty_history"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
       BEGIN
         DELETE FROM job_output;
         DELETE FROM job_event;
         RETURN NULL;
       END
       $$`,
    );
    await queryRunner.query(
      `CREATE TRIGGER "job_history_emptied" AFTER TRUNCATE ON "job" FOR EACH STATEMENT EXECUTE FUNCTION "empty_history"()`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER "job_history_emptied" ON "job"`);
    await queryRunner.query(`DROP FUNCTION "empty_history"`);
    await queryRunner.query(`DROP TRIGGER "job_history" ON "job"`);
    await queryRunner.query(`DROP FUNCTION "remove_history"`);
    // Where somebody has removed jobs past all triggers.
    await queryRunner.query(`DELETE FROM job_output WHERE NOT EXISTS (SELECT FROM job WHERE id = job_id)`);
    await queryRunner.query(`DELETE FROM job_event WHERE NOT EXISTS (SELECT FROM job WHERE id = job_id)`);
    await queryRunner.query(
      `ALTER TABLE "job_event" ADD CONSTRAINT "job_event_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
    await queryRunner.query(
      `ALTER TABLE "job_output" ADD CONSTRAINT "job_output_job" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
    );
  }
}
