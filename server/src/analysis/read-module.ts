import type {
  EntryPoint,
  FunctionDeclaration,
  LivepatchModule,
  MacroDefinition,
  ModuleInfo,
  ModuleParam,
  SourceRange,
  Value,
  VariableDeclaration,
} from '../../../shared/src/model/index.ts';
import { type Declarator, readDeclaration } from './declarators.ts';
import { buildFunction } from './functions.ts';
import type { Enumerator, ItemContent } from './item-facts.ts';
import { KlpReader } from './klp-reader.ts';
import { readMacro } from './macros.ts';
import { findRunTimeChanges, type PlacedFunction } from './run-time-changes.ts';
import type { Token } from './scanner.ts';
import {
  conditionsAt,
  type PlacedItem,
  placeItems,
  rangeIn,
  Scope,
  storageOf,
  unknown,
  type VariableFact,
  withoutNull,
} from './scope.ts';
import type { SourceUnit } from './source-unit.ts';
import { readSuppressions } from './suppressions.ts';
import { MODULE_INFO_MACROS, mayDefineAnything } from './top-level-macros.ts';

/** include/linux/module.h makes module_init() of all of them in a module. */
const MODULE_INIT =
  /^(?:module_init|(?:early|core|postcore|arch|subsys|fs|rootfs|device|late|console)_initcall(?:_sync)?)$/;

/**
 * Reads a module out of its files. `units` are all of the module's files that the host found, the one that was asked
 * for first; `name` is the Kbuild object's or the file's base name; `missing` says, for people, which parts the host did not find.
 * Never throws, whatever the text is.
 */
export function readModule(
  units: readonly SourceUnit[],
  context: { readonly name: string; readonly missing: readonly string[] },
): LivepatchModule {
  return new ModuleReader(units, context).read();
}

/** include/linux/moduleparam.h: the first argument is parameter and variable. */
const PLAIN_PARAM = /^module_param(?:_unsafe)?$/;
/** The second argument is the variable. */
const NAMED_PARAM = /^module_param_named(?:_unsafe)?$/;

type MacroContent = Extract<ItemContent, { kind: 'macro' }>;

class ModuleReader {
  private readonly units: readonly SourceUnit[];
  private readonly context: { readonly name: string; readonly missing: readonly string[] };
  private readonly scope = new Scope();
  private readonly functions: PlacedFunction[] = [];
  private readonly declaredFunctions: FunctionDeclaration[] = [];
  private readonly variables: VariableDeclaration[] = [];
  private readonly macros: MacroDefinition[] = [];
  private readonly macroCalls: { place: PlacedItem; content: MacroContent }[] = [];
  private readonly klpVariables: VariableFact[] = [];
  private readonly enumerators: (readonly Enumerator[])[] = [];
  private readonly unreadIncludes: { path: string; range: SourceRange }[] = [];
  private readonly incompleteBecause = new Set<string>();
  private mentionsLivepatch = false;

  constructor(units: readonly SourceUnit[], context: { readonly name: string; readonly missing: readonly string[] }) {
    const seen = new Set<string>();
    this.units = units.filter(({ file }) => !seen.has(file) && seen.add(file));
    this.context = context;
    for (const why of context.missing) this.incompleteBecause.add(why);
    // Kbuild defines it on the compiler's command line.
    const modname = readMacro(`KBUILD_MODNAME ${JSON.stringify(context.name)}`);
    if (modname) this.scope.macros.add(modname);
  }

  read(): LivepatchModule {
    const places = this.units.flatMap(placeItems);
    for (const place of places) this.collect(place);
    this.evaluateEnumerators();
    const { byVariable, writes } = findRunTimeChanges(this.scope, this.functions);
    const macros = this.macros.flatMap(({ name, parameters, body }) => [name, parameters, body]);
    const constants = [...this.scope.constants].flat();
    const environment = this.intern('environment', [this.context.name, macros.length, ...macros, ...constants]);
    const { functions: functionNames, variables } = this.scope;
    const names = this.intern('names', [environment, functionNames.size, ...functionNames, ...variables.keys()]);
    const klp = new KlpReader(this.scope, byVariable, names);
    for (const variable of this.klpVariables) klp.readVariable(variable);
    const functions = this.functions.map((fact) => buildFunction(fact, this.scope, environment));
    const moduleInfos: ModuleInfo[] = [];
    const init: EntryPoint[] = [];
    const exit: EntryPoint[] = [];
    const moduleParams: ModuleParam[] = [];
    const unknownTopLevelMacros: { name: string; range: SourceRange }[] = [];
    for (const { place, content } of this.macroCalls) {
      const { name } = content;
      const info = this.moduleInfo(place, content);
      if (info) moduleInfos.push(info);
      else if (MODULE_INIT.test(name.text) || name.text === 'module_exit') {
        const entry = this.entryPoint(place, content);
        if (entry) (name.text === 'module_exit' ? exit : init).push(entry);
      } else if (/^module_param/.test(name.text)) {
        const parameter = this.moduleParam(place, content);
        if (parameter) moduleParams.push(parameter);
      } else if (name.kind === 'name' && mayDefineAnything(name.text)) {
        unknownTopLevelMacros.push({ name: name.text, range: rangeIn(place, name) });
        this.incompleteBecause.add(`${name.text}() may define parts of the module`);
      }
    }
    for (const { name, nameRange, conditions } of functions) {
      const entry = { function: name, functionRange: nameRange, range: nameRange, conditions };
      if (name === 'init_module') init.push(entry);
      if (name === 'cleanup_module') exit.push(entry);
    }
    const enablers = functions.filter(({ calls }) =>
      calls.some(({ callee }) => callee === 'klp_enable_patch' || callee === 'klp_register_patch'),
    );
    const marked = moduleInfos.some(({ tag }) => tag === 'livepatch');
    const isLivepatch = klp.patches.length > 0 || enablers.length > 0 || marked;
    // A unit of a larger module whose Kbuild file was not found: what it lacks stands where its functions are called.
    const shared = [...enablers, ...klp.patches.map(({ name, storage }) => ({ name, static: storage.static }))].find(
      (each) => !each.static,
    );
    if (shared && init.length === 0 && !moduleInfos.some(({ tag }) => tag === 'license'))
      this.incompleteBecause.add(`${shared.name} may be used in files that were not read`);
    return {
      // KBUILD_MODNAME: scripts/Makefile.lib.
      name: this.context.name.replaceAll('-', '_'),
      files: this.units.map(({ file, text }) => ({ file, text })),
      complete: this.incompleteBecause.size === 0,
      incompleteBecause: [...this.incompleteBecause],
      role: isLivepatch ? 'livepatch' : this.mentionsLivepatch ? 'helper' : 'none',
      patches: klp.patches,
      objectTables: klp.objectTables,
      funcTables: klp.funcTables,
      stateTables: klp.stateTables,
      callbackSets: klp.callbackSets,
      moduleInfos,
      init,
      exit,
      functions,
      declaredFunctions: this.declaredFunctions,
      variables: this.variables,
      macros: this.macros,
      unknownTopLevelMacros,
      unreadIncludes: this.unreadIncludes,
      runtimeWrites: writes,
      moduleParams,
      suppressions: places.flatMap(readSuppressions),
    };
  }

  /**
   * Spells a list out, as the same string object as in the last reading if it has the same elements: nearly always it does,
   * and the strings are compared often.
   */
  private intern(key: string, list: readonly unknown[]): string {
    const memory = this.units[0]?.memory;
    const last = memory?.get(key) as { readonly list: readonly unknown[]; readonly text: string } | undefined;
    if (last && last.list.length === list.length && list.every((value, i) => value === last.list[i])) return last.text;
    const text = JSON.stringify(list);
    memory?.set(key, { list, text });
    return text;
  }

  private collect(place: PlacedItem): void {
    const { content, placeholders, mentionsLivepatch } = place.facts;
    if (mentionsLivepatch) this.mentionsLivepatch = true;
    for (const { text } of placeholders) this.incompleteBecause.add(`${text} stands for generated code`);
    switch (content.kind) {
      case 'define': {
        this.scope.macros.add(content.macro);
        const { name, parameters, bodyText } = content.macro;
        this.macros.push({ name, range: rangeIn(place, place.facts.span), parameters, body: bodyText });
        break;
      }
      case 'include':
        this.include(place, content);
        break;
      case 'function':
        this.functions.push({ place, content });
        this.scope.functions.add(content.name);
        for (const { tokens } of content.locals) this.addVariables(place, tokens, true);
        if (content.macro) this.macroFunction(place, content.macro);
        break;
      case 'declaration':
        this.enumerators.push(content.enumerators);
        this.addDeclaration(place, content);
        break;
      case 'macro':
        this.macroCalls.push({ place, content });
        break;
      case 'other':
        this.enumerators.push(content.enumerators);
        break;
      case 'directive':
        break;
    }
  }

  /** A function that a macro heads: the macro may define others beside it. */
  private macroFunction(place: PlacedItem, macro: string): void {
    const name =
      place.facts.content.kind === 'function' ? place.item.cut.tokens.find(({ text }) => text === macro) : null;
    if (!name) return;
    const content: MacroContent = { kind: 'macro', name, arguments: [], span: place.facts.span };
    this.macroCalls.push({ place, content });
  }

  private include(place: PlacedItem, { path, quoted, pathSpan }: Extract<ItemContent, { kind: 'include' }>): void {
    const base = path.replace(/^.*\//, '');
    const isRead = this.units.some(({ file }) => decodedBase(file) === base);
    if (isRead) return;
    if (/\.c$/.test(path)) this.incompleteBecause.add(`${path} was not read`);
    else if (quoted) this.unreadIncludes.push({ path, range: rangeIn(place, pathSpan) });
  }

  private addDeclaration(place: PlacedItem, content: Extract<ItemContent, { kind: 'declaration' }>): void {
    const { specifiers } = content;
    for (const declarator of content.declarators) {
      if (declarator.isFunction) {
        this.scope.functions.add(declarator.name.text);
        this.declaredFunctions.push({
          name: declarator.name.text,
          nameRange: rangeIn(place, declarator.name),
          returnType: withStars(specifiers.type, declarator),
          parameters: declarator.parameters,
          static: specifiers.static,
          inline: specifiers.inline,
          attributes: [...specifiers.attributes, ...declarator.attributes],
          conditions: conditionsAt(place, declarator.name.start),
        });
        continue;
      }
      const fact: VariableFact = { place, specifiers, declarator, span: place.facts.span, local: false };
      this.scope.addVariable(fact);
      this.klpVariables.push(fact);
      this.variables.push({
        name: declarator.name.text,
        nameRange: rangeIn(place, declarator.name),
        type: withStars(specifiers.type, declarator),
        storage: storageOf(fact),
        functionPointer: declarator.isFunctionPointer,
        conditions: conditionsAt(place, declarator.name.start),
      });
    }
  }

  private addVariables(place: PlacedItem, tokens: readonly Token[], local: boolean): void {
    const declaration = readDeclaration(tokens);
    if (!declaration) return;
    const span = { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0 };
    for (const declarator of declaration.declarators) {
      const fact = { place, specifiers: declaration.specifiers, declarator, span, local };
      this.scope.addVariable(fact);
      this.klpVariables.push(fact);
    }
  }

  private evaluateEnumerators(): void {
    const nowhere = { file: '', start: 0, end: 0 };
    for (const group of this.enumerators) {
      let next: number | null = 0;
      for (const { name, value } of group) {
        if (value) {
          const number = this.scope.number(value, nowhere);
          next = number.kind === 'known' ? number.value : null;
        }
        if (next === null) continue;
        this.scope.constants.set(name, next);
        next++;
      }
    }
  }

  private moduleInfo(place: PlacedItem, { name, arguments: given, span }: MacroContent): ModuleInfo | null {
    const short = MODULE_INFO_MACROS.get(name.text);
    if (name.text !== 'MODULE_INFO' && short === undefined) return null;
    const [first, ...others] = given;
    const tag = short ?? (first ?? []).map(({ text }) => text).join('');
    const value = short === undefined ? others.flat() : given.flat();
    const whole = rangeIn(place, span);
    const from = value[0];
    const to = value.at(-1);
    const valueRange = from && to ? rangeIn(place, { start: from.start, end: to.end }) : whole;
    // Before 6.13, MODULE_IMPORT_NS took a name and made the string of it.
    const isName = name.text === 'MODULE_IMPORT_NS' && value.length === 1 && from?.kind === 'name';
    return {
      tag,
      value: isName
        ? { kind: 'known', value: from.text, range: valueRange }
        : value.length === 0
          ? unknown('nothing is written there', valueRange)
          : withoutNull(this.scope.string(value, valueRange)),
      range: whole,
      valueRange,
      conditions: conditionsAt(place, span.start),
    };
  }

  /** A parameter, with what its variable is set to. */
  private moduleParam(place: PlacedItem, { name: macro, arguments: given }: MacroContent): ModuleParam | null {
    const [parameter] = given[0] ?? [];
    if (parameter === undefined) return null;
    const range = rangeIn(place, parameter);
    const variable = PLAIN_PARAM.test(macro.text)
      ? parameter.text
      : NAMED_PARAM.test(macro.text)
        ? this.scope.name(given[1] ?? [])
        : null;
    return { name: parameter.text, range, variable, initial: this.initialNumber(variable, range) };
  }

  /** What a variable of the module holds when the module is loaded. */
  private initialNumber(variable: string | null, range: SourceRange): Value<number> {
    const facts = this.scope.variables.get(variable ?? '')?.filter(({ local }) => !local) ?? [];
    const defined = facts.filter(({ declarator }) => declarator.initialiser !== null);
    const [fact] = defined.length > 0 ? defined : facts.filter(({ specifiers }) => !specifiers.extern);
    if (fact === undefined || defined.length > 1)
      return unknown(`${variable ?? 'its variable'} is not set here`, range);
    const tokens = fact.declarator.initialiser;
    if (tokens === null) return { kind: 'known', value: 0, range };
    const [word] = tokens;
    if (tokens.length === 1 && (word?.text === 'true' || word?.text === 'false')) {
      return { kind: 'known', value: Number(word.text === 'true'), range };
    }
    return this.scope.number(tokens, range);
  }

  private entryPoint(place: PlacedItem, { arguments: given, span }: MacroContent): EntryPoint | null {
    const [name] = given[0] ?? [];
    if (name?.kind !== 'name') return null;
    return {
      function: this.scope.name(given[0] ?? []) ?? name.text,
      functionRange: rangeIn(place, name),
      range: rangeIn(place, span),
      conditions: conditionsAt(place, span.start),
    };
  }
}

function withStars(type: string, { pointer, isFunctionPointer }: Declarator): string {
  if (isFunctionPointer) return `${type} (*)()`;
  return pointer === 0 ? type : `${type} ${'*'.repeat(pointer)}`;
}

/** The last part of a path or URI. */
function decodedBase(file: string): string {
  const base = file.replace(/^.*\//, '');
  try {
    return decodeURIComponent(base);
  } catch {
    return base;
  }
}
