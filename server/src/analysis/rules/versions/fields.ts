import type { FieldInitialiser, KlpInitialiser } from '../../../../../shared/src/model/index.ts';
import { perModule } from '../per-module.ts';

/** A designator in a klp structure, and the structure. */
export interface WrittenField {
  readonly struct: 'klp_patch' | 'klp_object' | 'klp_func';
  readonly field: FieldInitialiser;
}

/**
 * The designators of all patches, objects and functions that are compiled whatever the kernel: those inside an `#if`
 * are left out, because its condition may well be the kernel's version.
 */
export const unconditionalFields = perModule((module): readonly WrittenField[] => {
  const objects = module.objectTables.filter(({ conditions }) => conditions.length === 0);
  const funcs = module.funcTables.filter(({ conditions }) => conditions.length === 0);
  const of = (struct: WrittenField['struct'], initialisers: readonly KlpInitialiser[]): WrittenField[] =>
    initialisers
      .filter(({ conditions }) => conditions.length === 0)
      .flatMap(({ fields }) =>
        fields
          .filter(({ positional, conditions }) => !positional && conditions.length === 0)
          // `.callbacks = { .pre_patch = f }` gives two: the outer one says it all.
          .filter(({ name }) => !name.includes('.') || !fields.some((outer) => name.startsWith(`${outer.name}.`)))
          .map((field) => ({ struct, field })),
      );
  return [
    ...of('klp_patch', module.patches),
    ...of(
      'klp_object',
      objects.flatMap(({ entries }) => entries),
    ),
    ...of(
      'klp_func',
      funcs.flatMap(({ entries }) => entries),
    ),
  ];
});

/** The field of the structure itself: `callbacks` for `.callbacks.pre_patch = …`. */
export function fieldName({ field }: WrittenField): string {
  return field.name.replace(/\..*$/, '');
}
