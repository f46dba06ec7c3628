import type { FunctionDefinition, LivepatchModule } from '../../../../shared/src/model/index.ts';
import { codeOf } from './queries.ts';

/** Whether a name is a variable on the stack of the function, or one of its parameters. */
export function isLocal(module: LivepatchModule, definition: FunctionDefinition, name: string): boolean {
  if (definition.staticLocals.some((local) => local.name === name)) return false;
  if (definition.parameters?.some((parameter) => parameter.name === name)) return true;
  const body = codeOf(module, definition);
  const declared = new RegExp(
    `(?:^|[;{}])\\s*((?:const\\s+|volatile\\s+)*(?:(?:struct|union|enum)\\s+)?\\w+(?:\\s+\\w+)*)[\\s*]+${name}\\s*(?:=|;|,|\\[)`,
  ).exec(body);
  return declared !== null && !/\b(?:static|extern|return|goto|else|case|typedef)\b/.test(declared[1] ?? '');
}
