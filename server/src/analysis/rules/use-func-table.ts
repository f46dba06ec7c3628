import type { KlpObject, LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { Fix } from '../rule.ts';
import { addField } from './edits.ts';

/** What can be done for an object without an array of functions: use the one that nobody uses, or an empty one. */
export function fixesForNoFuncs(module: LivepatchModule, object: KlpObject): Fix[] {
  if (object.funcs.kind !== 'absent') return [];
  const used = new Set(
    module.objectTables.flatMap(({ entries }) =>
      entries.flatMap(({ funcs }) => (funcs.kind === 'known' ? [funcs.table.id] : [])),
    ),
  );
  const free = module.funcTables.filter(({ id, name }) => name !== null && !used.has(id));
  const fixes: Fix[] = free.map(({ name }) => ({
    title: `Add .funcs = ${name}`,
    safety: 'suggestion',
    edits: [addField(module, object, `.funcs = ${name}`)],
  }));
  const hasCallbacks = Object.values(object.callbacks).some(({ kind }) => kind !== 'absent');
  if (hasCallbacks) {
    fixes.push({
      title: 'Give it an empty array of functions',
      safety: 'suggestion',
      edits: [addField(module, object, '.funcs = (struct klp_func[]) { { } }')],
    });
  }
  return fixes;
}
