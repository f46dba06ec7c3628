import type { LivepatchModule, SourceRange } from '../../../../../shared/src/model/index.ts';
import type { Prototype } from '../../../kernel/knowledge.ts';
import type { Fix, Rule } from '../../rule.ts';
import { insertAt, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { replacements } from '../queries.ts';
import { classOf, headOf } from '../symbols/c-types.ts';
import { targets } from '../targets.ts';

export const rule: Rule = {
  id: 'new-func-undefined',
  severity: 'warning',
  severityReason: 'The module cannot be built, unless a header that is not read here declares the function.',
  group: 'functions',
  summary: 'The replacement function is not in the module.',
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: the name is undeclared.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    '`.new_func` names the function that runs in place of the old one, so the module must contain it. ' +
    'Write it above the table, with the return type and the parameters of the function that it replaces: the kernel ' +
    'does not compare them, and a difference corrupts registers in silence.\n\n' +
    'The rule keeps quiet when parts of the module could not be read, and when the name is declared, is a macro or may ' +
    'come from a header of yours.',
  examples: {
    bad: [
      {
        title: 'The name is misspelt',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_show, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'The replacement stands in the module', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!module.complete || module.unknownTopLevelMacros.length > 0 || module.unreadIncludes.length > 0) return [];
    return replacements(module).flatMap(({ func, reference, definitions }) => {
      if (definitions.length > 0 || isOtherwiseKnown(module, reference.name)) return [];
      const old = func.oldName.kind === 'known' ? func.oldName.value : null;
      const target = targets(module).find((one) => one.func === func);
      const original = target && knowledge ? knowledge.prototype(target.name, target.objectName) : null;
      const stub = original && !original.variadic ? stubLike(original, reference.name) : stubFor(old, reference.name);
      return [
        {
          range: reference.range,
          message: `There is no function ${reference.name}() in this module. Unless a header declares it, the compiler stops.`,
          fixes: stubFixes(module, reference.range, reference.name, stub),
        },
      ];
    });
  },
};

function isOtherwiseKnown(module: LivepatchModule, name: string): boolean {
  // In capitals: a macro of some header.
  if (/^[A-Z0-9_]+$/.test(name)) return true;
  if (module.macros.some((macro) => macro.name === name) || module.variables.some((v) => v.name === name)) return true;
  // DEFINE_SHOW_ATTRIBUTE(uptime) makes uptime_open(): what has to do with the name may define it.
  if (module.files.some(({ text }) => macroArguments(text).some((word) => name.includes(word)))) return true;
  // A static function that is only declared can't come from anywhere else.
  return module.declaredFunctions.some((declared) => declared.name === name && !declared.static);
}

/** The names that stand as arguments of macros at file scope; those of the module's description define no functions. */
function macroArguments(text: string): string[] {
  return [...text.matchAll(/^(?!MODULE_)[A-Za-z_]\w*[ \t]*\(([^;{}()]*)\)/gm)].flatMap(([, list]) =>
    (list ?? '').split(',').flatMap((argument) => /^\s*(\w{3,})\s*$/.exec(argument)?.[1] ?? []),
  );
}

/** With the return type and the parameters that the original has on the target kernel. */
function stubLike(original: Prototype, name: string): string {
  const returns = classOf(original.returns);
  const body = returns.kind === 'void' ? '' : `\treturn ${returns.kind === 'pointer' ? 'NULL' : '0'};\n`;
  return `static ${headOf(original, name)}\n{\n${body}}`;
}

function stubFor(old: string | null, name: string): string {
  const comment = `/* Give it the return type and the parameters of ${old === null ? 'the function it replaces' : `${old}()`}. */`;
  return `${comment}\nstatic int ${name}(void)\n{\n\treturn 0;\n}`;
}

function stubFixes(module: LivepatchModule, range: SourceRange, name: string, stub: string): Fix[] {
  const declarations = [...module.funcTables, ...module.objectTables, ...module.patches].filter(
    ({ declarationRange: { file, start, end }, storage }) =>
      file === range.file && start <= range.start && range.end <= end && !storage.automatic,
  );
  if (declarations.length === 0 || declarations.some(({ conditions }) => conditions.length > 0)) return [];
  const start = Math.min(...declarations.map(({ declarationRange }) => declarationRange.start));
  const at = textOf(module, range.file).lastIndexOf('\n', start - 1) + 1;
  return [
    {
      title: `Create ${name}()`,
      safety: 'suggestion',
      edits: [insertAt(range.file, at, `${stub}\n\n`)],
    },
  ];
}
