import { MigrationInterface, QueryRunner } from 'typeorm';

export class Blocks1795996800000 implements MigrationInterface {
  name = 'Blocks1795996800000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "block" ("type" text COLLATE "C" NOT NULL, "name" text COLLATE "C" NOT NULL, "values" json NOT NULL, "secrets" json NOT NULL, "refs" text array NOT NULL DEFAULT '{}', "version" integer NOT NULL DEFAULT '1', "origin" text NOT NULL, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "block_pk" PRIMARY KEY ("type", "name"))`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE "block"`);
  }
}
