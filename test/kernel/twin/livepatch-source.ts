import type { ModuleSource } from '../../../server/src/kernel-runner/build-modules.ts';
import { CALLBACK_NAMES, type CallbackName } from '../../../shared/src/model/index.ts';
import type { ObjectSketch, PatchSketch } from './story.ts';

/**
 * A livepatch module in C. Its replacements return 0, its callbacks print `MODULE: callback NAME OBJECT`. The kernel gets
 * it through kbuild, the simulator through our analysis.
 */
export function livepatchSource(name: string, sketch: PatchSketch): ModuleSource {
  return { name, files: { [`${name}.c`]: livepatchText(name, sketch) } };
}

export function livepatchText(name: string, sketch: PatchSketch): string {
  const blocks = [
    '#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt',
    '#include <linux/livepatch.h>\n#include <linux/module.h>',
    ...sketch.objects.flatMap(functionsOf),
    ...sketch.objects.map(functionTable),
    `static struct klp_object objs[] = {\n${sketch.objects.map(objectEntry).join('')}\t{ }\n};`,
    ...(sketch.states ? [stateTable(sketch.states)] : []),
    patch(sketch),
    `static int __init ${name}_init(void)\n{\n\treturn klp_enable_patch(&patch);\n}\nmodule_init(${name}_init);`,
    ...(sketch.withoutExit ? [] : [`static void __exit ${name}_exit(void)\n{\n}\nmodule_exit(${name}_exit);`]),
    'MODULE_LICENSE("GPL");',
    ...(sketch.withoutMark ? [] : ['MODULE_INFO(livepatch, "Y");']),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function functionsOf(object: ObjectSketch): string[] {
  const replacements = object.funcs.map((func) => `static long ${replacement(object, func)}(void)\n{\n\treturn 0;\n}`);
  const callbacks = callbacksOf(object).map(([callback, returns]) => {
    const print = `\tpr_info("callback ${callback} ${object.object}\\n");`;
    const head = `${object.object}_${callback}(struct klp_object *obj)`;
    if (callback !== 'pre_patch') return `static void ${head}\n{\n${print}\n}`;
    const parameter = `${object.object}_returns`;
    const value = returns === 'parameter' ? parameter : returns;
    const declared =
      returns === 'parameter' ? `static int ${parameter};\nmodule_param(${parameter}, int, 0444);\n\n` : '';
    return `${declared}static int ${head}\n{\n${print}\n\treturn ${value};\n}`;
  });
  return [...new Set(replacements), ...callbacks];
}

function callbacksOf({ callbacks }: ObjectSketch): [CallbackName, number | 'parameter'][] {
  if (callbacks === undefined) return [];
  if (callbacks === 'all') return CALLBACK_NAMES.map((name) => [name, 0]);
  return CALLBACK_NAMES.flatMap((name): [CallbackName, number | 'parameter'][] => {
    const returns = callbacks[name];
    return returns === undefined ? [] : [[name, returns]];
  });
}

const nameOf = (func: ObjectSketch['funcs'][number]) => (typeof func === 'string' ? func : func.name);

function replacement({ object }: ObjectSketch, func: ObjectSketch['funcs'][number]): string {
  return `new_${object}_${nameOf(func)}`;
}

function functionTable(object: ObjectSketch): string {
  const entries = object.funcs.map((func) => {
    const sympos = typeof func === 'string' ? '' : `\t\t.old_sympos = ${func.sympos},\n`;
    return `\t{\n\t\t.old_name = "${nameOf(func)}",\n\t\t.new_func = ${replacement(object, func)},\n${sympos}\t},\n`;
  });
  return `static struct klp_func ${object.object}_funcs[] = {\n${entries.join('')}\t{ }\n};`;
}

function objectEntry(object: ObjectSketch): string {
  const name = object.object === 'vmlinux' ? '' : `\t\t.name = "${object.object}",\n`;
  const lines = callbacksOf(object).map(([callback]) => `\t\t\t.${callback} = ${object.object}_${callback},\n`);
  const callbacks = lines.length === 0 ? '' : `\t\t.callbacks = {\n${lines.join('')}\t\t},\n`;
  return `\t{\n${name}\t\t.funcs = ${object.object}_funcs,\n${callbacks}\t},\n`;
}

function stateTable(states: NonNullable<PatchSketch['states']>): string {
  const entries = states.map(({ id, version }) => `\t{\n\t\t.id = ${id},\n\t\t.version = ${version},\n\t},\n`);
  return `static struct klp_state states[] = {\n${entries.join('')}\t{ }\n};`;
}

function patch(sketch: PatchSketch): string {
  const more = [...(sketch.replace ? ['.replace = true'] : []), ...(sketch.states ? ['.states = states'] : [])];
  const fields = ['.mod = THIS_MODULE', '.objs = objs', ...more].map((field) => `\t${field},\n`);
  return `static struct klp_patch patch = {\n${fields.join('')}};`;
}
