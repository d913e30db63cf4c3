import { MigrationInterface, QueryRunner } from 'typeorm';

export class Uploads1795999800000 implements MigrationInterface {
  name = 'Uploads1795999800000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "upload" ("id" uuid NOT NULL, "size" bigint, "metadata" json, "location" text, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "expires_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "upload_pk" PRIMARY KEY ("id"))`,
    );
    await queryRunner.query(`CREATE INDEX "upload_expires" ON "upload" ("expires_at")`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX "upload_expires"`);
    await queryRunner.query(`DROP TABLE "upload"`);
  }
}
