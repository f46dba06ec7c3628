import type { FieldInitialiser, KlpInitialiser, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { perModule } from '../per-module.ts';

/** The structures whose fields came and went. */
export type KlpStruct = 'klp_patch' | 'klp_object' | 'klp_func';

type Fields = ReadonlyMap<string, readonly FieldInitialiser[]>;

const unconditionalFields = perModule((module): { readonly [struct in KlpStruct]: Fields } => {
  const objects = module.objectTables.filter(({ conditions }) => conditions.length === 0);
  const funcs = module.funcTables.filter(({ conditions }) => conditions.length === 0);
  return {
    klp_patch: fieldsByName([module.patches]),
    klp_object: fieldsByName(objects.map(({ entries }) => entries)),
    klp_func: fieldsByName(funcs.map(({ entries }) => entries)),
  };
});

function fieldsByName(tables: readonly (readonly KlpInitialiser[])[]): Fields {
  const result = new Map<string, FieldInitialiser[]>();
  for (const entries of tables) {
    for (const { fields, conditions } of entries) {
      if (conditions.length > 0) continue;
      for (const field of fields) {
        if (field.positional || field.conditions.length > 0 || isInsideOther(field, fields)) continue;
        const dot = field.name.indexOf('.');
        const name = dot < 0 ? field.name : field.name.slice(0, dot);
        const known = result.get(name);
        if (known) known.push(field);
        else result.set(name, [field]);
      }
    }
  }
  return result;
}

/** `.callbacks = { .pre_patch = f }` gives two: the outer one says it all. */
function isInsideOther({ name }: FieldInitialiser, fields: readonly FieldInitialiser[]): boolean {
  return name.includes('.') && fields.some((outer) => name.startsWith(`${outer.name}.`));
}

/**
 * The designators of a field in all patches, objects or functions that are compiled whatever the kernel: those inside an
 * `#if` are left out, because its condition may well be the kernel's version. `field` is one of the structure itself:
 * `callbacks` for `.callbacks.pre_patch = …`.
 */
export function writtenFields(module: LivepatchModule, struct: KlpStruct, field: string): readonly FieldInitialiser[] {
  return unconditionalFields(module)[struct].get(field) ?? [];
}
