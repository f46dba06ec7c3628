import type { KlpInitialiser } from '../../../shared/src/model/index.ts';
import { type Base, type Fault, insert, type Mutator, mutator, replace } from '../mutator.ts';
import { callbacks, enabling, fieldOf, firstStatement, funcs, objects, patches, replacements } from '../parts.ts';

const addField =
  (initialisers: (base: Base) => readonly KlpInitialiser[], field: string) =>
  (base: Base): Fault[] =>
    initialisers(base).map((initialiser) => ({
      edits: [insert(initialiser.range.start + 1, ` ${field},`)],
      where: initialiser.range,
    }));

/** A call in a function of the module; `kernel`: the module is for this one. */
const call =
  (statement: string, kernel?: string) =>
  (base: Base): Fault[] =>
    replacements(base)
      .slice(0, 1)
      .map(({ definition }) => ({
        edits: [insert(firstStatement(base, definition), `\n\t${statement}`)],
        where: definition.bodyRange,
        ...(kernel !== undefined && { kernel }),
      }));

/** A module that uses a field is built for a kernel that lacks it. */
const olderKernel =
  (initialisers: (base: Base) => readonly KlpInitialiser[], field: RegExp, kernel: string) =>
  (base: Base): Fault[] =>
    initialisers(base)
      .filter(({ fields }) => fields.some(({ name }) => field.test(name)))
      .map(({ range }) => ({ edits: [], where: range, kernel }));

const objectEntries = (base: Base) => objects(base).map(({ entry }) => entry);
const funcEntries = (base: Base) => funcs(base).map(({ entry }) => entry);

export const VERSIONS: readonly Mutator[] = [
  mutator('register-patch', 'klp_register_patch() of old kernels', 'removed-api', (base) =>
    enabling(base).map(({ statement, call: written, init, patch }) => ({
      edits: [replace(statement, `if (klp_register_patch(&${patch.name}))\n\t\treturn -EINVAL;\n\treturn ${written};`)],
      where: init.range,
    })),
  ),
  mutator('unregister-patch', 'klp_unregister_patch() of old kernels', 'removed-api', (base) =>
    patches(base)
      .slice(0, 1)
      .flatMap((patch) => {
        const exit = base.module.functions.find(({ name }) =>
          base.module.exit.some((entry) => entry.function === name),
        );
        return exit && exit.conditions.length === 0
          ? [
              {
                edits: [insert(exit.bodyRange.start + 1, `\n\tklp_unregister_patch(&${patch.name});\n`)],
                where: exit.bodyRange,
              },
            ]
          : [];
      }),
  ),
  mutator('immediate', '.immediate of old kernels', 'removed-field', addField(patches, '.immediate = true')),
  mutator(
    'old-addr',
    '.old_addr of old kernels',
    'removed-field',
    addField(funcEntries, '.old_addr = 0xffffffff81000000'),
  ),
  mutator('kallsyms-lookup', 'kallsyms_lookup_name() is called', 'kallsyms-lookup-name-used', (base) =>
    base.kernel === '6.12' ? call('if (kallsyms_lookup_name("x"))\n\t\treturn 0;')(base) : [],
  ),
  mutator(
    'replaceable',
    '.replaceable, which was only proposed',
    'rfc-only-field',
    addField(patches, '.replaceable = true'),
  ),
  mutator(
    'replace-set',
    '.replace_set, which was only proposed',
    'rfc-only-field',
    addField(patches, '.replace_set = 1'),
  ),
  mutator(
    'replace-on-4.19',
    '.replace for Linux 4.19',
    'version-field-unsupported',
    olderKernel(patches, /^replace$/, '4.19'),
  ),
  mutator(
    'states-on-5.3',
    '.states for Linux 5.3',
    'version-field-unsupported',
    olderKernel(patches, /^states$/, '5.3'),
  ),
  mutator(
    'callbacks-on-4.14',
    '.callbacks for Linux 4.14',
    'version-field-unsupported',
    olderKernel(objectEntries, /^callbacks/, '4.14'),
  ),
  mutator('get-state-on-5.3', 'klp_get_state() for Linux 5.3', 'api-too-new', (base) =>
    fits(base) ? call('if (klp_get_state(NULL, 1))\n\t\treturn 0;', '5.3')(base) : [],
  ),
  mutator('shadow-on-4.14', 'klp_shadow_get() for Linux 4.14', 'api-too-new', (base) =>
    fits(base) ? call('if (klp_shadow_get(NULL, 1))\n\t\treturn 0;', '4.14')(base) : [],
  ),
  mutator('sympos-on-4.4', '.old_sympos for Linux 4.4', 'version-field-unsupported', (base) =>
    fits(base) ? addField(funcEntries, '.old_sympos = 1')(base).map((fault) => ({ ...fault, kernel: '4.4' })) : [],
  ),
];

/** Nothing else of the module is too new. */
const fits = (base: Base) =>
  callbacks(base).length === 0 &&
  patches(base).every((patch) => !fieldOf(patch, 'replace') && !fieldOf(patch, 'states'));
