import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import { inputsOf } from '../decorators/input.decorator.js';
import { transformerMetadata } from './class-transformer-storage.js';
import { isBytes } from './dto-schema.reader.js';
import { isExact } from './validator-schemas.js';

/** Whether class-validator must run after the schema, because a validator of the DTO says more than a schema can. */
export function needsClassValidator(dto: Type, seen = new Set<Type>()): boolean {
  if (seen.has(dto)) return false;
  seen.add(dto);
  const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false);
  if (metadata.some((meta) => !isExact(meta))) return true;
  return nestedClasses(dto, metadata).some((nested) => needsClassValidator(nested, seen));
}

/** Whether plain values become an instance only through class-transformer: a nested class, or a transformation. */
export function needsClassTransformer(dto: Type): boolean {
  const names = [...inputsOf(dto).keys()];
  return names.some((name) => {
    const type = transformerMetadata.findTypeMetadata(dto, name) as unknown;
    return (
      type !== undefined ||
      Reflect.getMetadata('design:type', dto.prototype, name) === Date ||
      transformerMetadata.findTransformMetadatas(dto, name, undefined as never).length > 0 ||
      (transformerMetadata.findExposeMetadata(dto, name) as unknown) !== undefined ||
      isDescribedClass(Reflect.getMetadata('design:type', dto.prototype, name))
    );
  });
}

function nestedClasses(dto: Type, metadata: ValidationMetadata[]): Type[] {
  return metadata
    .filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION)
    .map(({ propertyName }) => {
      const transform = transformerMetadata.findTypeMetadata(dto, propertyName) as unknown as
        { typeFunction(): Type } | undefined;
      return transform?.typeFunction() ?? (Reflect.getMetadata('design:type', dto.prototype, propertyName) as Type);
    })
    .filter((type) => typeof type === 'function');
}

function isDescribedClass(type: unknown): boolean {
  if (typeof type !== 'function' || isBytes(type)) return false;
  return inputsOf(type).size > 0 || getMetadataStorage().getTargetValidationMetadatas(type, '', true, false).length > 0;
}
