import type {
  CallbackName,
  FunctionDefinition,
  LivepatchModule,
  SourceRange,
} from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule, RuleFinding, TextEdit } from '../../rule.ts';
import { withoutCommentsAndStrings } from '../c-text.ts';
import { insertAt, replaceText, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, wordInHead } from '../queries.ts';

export const rule: Rule = {
  id: 'callback-wrong-signature',
  severity: 'error',
  severityReason: 'The module cannot be built.',
  group: 'callbacks',
  summary: 'A callback has other parameters or another return type than the kernel calls it with.',
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: incompatible pointer types are errors in kernel code.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'All four callbacks take one parameter, `struct klp_object *`. `pre_patch` returns `int`: zero to go on, a negative ' +
    'errno to stop. `post_patch`, `pre_unpatch` and `post_unpatch` return nothing: they cannot fail. ' +
    'A cast makes the compiler quiet, and the kernel then takes whatever is in the return register for the answer.',
  examples: {
    bad: [
      {
        title: 'pre_patch without a return value, post_unpatch without its parameter',
        code: exampleModule({
          more: `
static void prepare(struct klp_object *obj) //~
{
	pr_info("preparing\\n");
}

static void clean_up(void) //~
{
	pr_info("cleaning up\\n");
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'As the kernel calls them',
        code: exampleModule({
          more: `
static int prepare(struct klp_object *obj)
{
	pr_info("preparing\\n");
	return 0;
}

static void clean_up(struct klp_object *obj)
{
	pr_info("cleaning up\\n");
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    const uses = callbackUses(module);
    const seen = new Set<string>();
    return uses.flatMap(({ callback, reference, definitions }) =>
      definitions.flatMap((definition): RuleFinding[] => {
        const returnType = wrongReturnType(module, callback, definition);
        const parameters = wrongParameters(module, definition);
        const { file, start } = definition.nameRange;
        if ((!returnType && !parameters) || seen.has(`${file}:${start}`)) return [];
        seen.add(`${file}:${start}`);
        const wanted = callback === 'pre_patch' ? 'int' : 'void';
        const roles = uses.filter((use) => use.reference.name === reference.name);
        // One function for pre_patch and another callback can't be put right by changing it.
        const fixable =
          roles.every((use) => (use.callback === 'pre_patch') === (callback === 'pre_patch')) &&
          !module.declaredFunctions.some(({ name }) => name === definition.name) &&
          !module.functions.some(({ calls }) => calls.some(({ callee }) => callee === definition.name));
        return [
          {
            range: definition.nameRange,
            message: `${callback} must be "${wanted} ${definition.name}(struct klp_object *)": ${wrong(definition, returnType, parameters)}. The compiler stops.`,
            related: [{ range: reference.range, message: `It is the ${callback} callback here.` }],
            fixes: fixable ? fixes(module, callback, definition, returnType, parameters) : [],
          },
        ];
      }),
    );
  },
};

function wrong(definition: FunctionDefinition, returnType: boolean, parameters: boolean): string {
  const parts = [
    ...(returnType ? [`this one returns ${definition.returnType}`] : []),
    ...(parameters ? [`${returnType ? 'and' : 'this one'} takes ${parametersOf(definition)}`] : []),
  ];
  return parts.join(' ');
}

function parametersOf({ parameters }: FunctionDefinition): string {
  if (!parameters || parameters.length === 0) return 'no parameter';
  return parameters.length === 1 ? `"${parameters[0]?.type}"` : `${parameters.length} parameters`;
}

const INT = /^(?:signed )?int$|^signed$|^(?:__)?s32$|^int32_t$/;
const OTHER_THAN_INT =
  /^(?:void|bool|_Bool|(?:signed |unsigned )?(?:char|short|long|long long)(?: int)?|unsigned(?: int)?|float|double|s?size_t|(?:__)?(?:u8|u16|u32|u64|s8|s16|s64))$|^(?:const )?(?:struct|union) \w+(?: \*)?$|\*$/;

const OTHER_PARAMETER =
  /^(?:const )?(?:void|bool|_Bool|(?:signed |unsigned )?(?:char|short|int|long|long long)|unsigned|(?:struct|union) \w+)(?: \*+)?$/;

/** True only for types that are surely another one: typedefs and macros may be anything. */
function wrongReturnType(module: LivepatchModule, callback: CallbackName, definition: FunctionDefinition): boolean {
  const type = definition.returnType;
  if (type === '' || usesMacro(module, type)) return false;
  return callback === 'pre_patch'
    ? OTHER_THAN_INT.test(type)
    : INT.test(type) || (type !== 'void' && OTHER_THAN_INT.test(type));
}

function wrongParameters(module: LivepatchModule, { parameters }: FunctionDefinition): boolean {
  if (parameters === null) return false;
  const [only] = parameters;
  if (parameters.some(({ type }) => usesMacro(module, type))) return false;
  if (!only || parameters.length > 1) return true;
  const type = only.type
    .replace(/\s*\*\s*/g, ' *')
    .replace(/\s+const$| \*const$/, (end) => end.replace(/\s*const/, ''));
  if (/^struct klp_object \*$/.test(type)) return false;
  return OTHER_PARAMETER.test(type) || INT.test(type);
}

function usesMacro(module: LivepatchModule, type: string): boolean {
  return module.macros.some(({ name }) => new RegExp(`\\b${name}\\b`).test(type));
}

function fixes(
  module: LivepatchModule,
  callback: CallbackName,
  definition: FunctionDefinition,
  returnType: boolean,
  parameters: boolean,
): Fix[] {
  const edits = [
    ...(returnType ? (returnEdits(module, callback, definition) ?? [null]) : []),
    ...(parameters ? [parameterEdit(module, definition)] : []),
  ];
  if (edits.some((edit) => edit === null)) return [];
  return [
    {
      title: `Make ${definition.name}() what ${callback} has to be`,
      safety: 'suggestion',
      edits: edits.filter((edit) => edit !== null),
    },
  ];
}

function parameterEdit(module: LivepatchModule, definition: FunctionDefinition): TextEdit | null {
  if (definition.parameters?.length !== 0 || definition.uses.includes('obj')) return null;
  const { file } = definition.range;
  const start = definition.nameRange.end;
  const list = /^\s*\(\s*(?:void)?\s*\)/.exec(textOf(module, file).slice(start, definition.bodyRange.start));
  if (!list) return null;
  const range: SourceRange = { file, start, end: start + list[0].length };
  return replaceText(range, '(struct klp_object *obj)');
}

/** Null when the function's text is not simple enough. */
function returnEdits(
  module: LivepatchModule,
  callback: CallbackName,
  definition: FunctionDefinition,
): TextEdit[] | null {
  const { file, end } = definition.bodyRange;
  const type = wordInHead(module, definition, callback === 'pre_patch' ? 'void' : 'int');
  if (!type || type.start > definition.nameRange.start || !/^(?:void|int)$/.test(definition.returnType)) return null;
  if (callback === 'pre_patch') {
    const bare = definition.returns.map(({ range }) => replaceText(range, 'return 0;'));
    const brace = end - 1;
    const lineStart = textOf(module, file).lastIndexOf('\n', brace - 1) + 1;
    if (textOf(module, file).slice(lineStart, brace).trim() !== '') return null;
    return [replaceText(type, 'int'), ...bare, insertAt(file, lineStart, '\treturn 0;\n')];
  }
  // An expression may do something: only plain constants can go.
  if (definition.returns.some(({ value }) => value.kind !== 'known')) return null;
  const body = withoutCommentsAndStrings(textOf(module, file).slice(0, end));
  if (definition.returns.some(({ range }) => body[range.end - 1] !== ';')) return null;
  return [replaceText(type, 'void'), ...definition.returns.map(({ range }) => replaceText(range, 'return;'))];
}
