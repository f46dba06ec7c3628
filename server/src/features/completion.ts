import {
  type CompletionItem,
  CompletionItemKind,
  CompletionItemTag,
  type CompletionList,
  type CompletionParams,
  InsertTextFormat,
  type Range,
} from 'vscode-languageserver';
import {
  CALLBACK_NAMES,
  type CallbackName,
  type FunctionDefinition,
  type LivepatchModule,
} from '../../../shared/src/model/index.ts';
import { callbackUses } from '../analysis/element-at.ts';
import { type InitialiserPlace, initialiserAt } from '../analysis/initialiser-at.ts';
import { KLP_FIELDS, type KlpField } from '../kernel/klp-fields.ts';
import { compareVersions, formatVersion, type KernelVersion, parseKernelVersion } from '../kernel/version.ts';
import { kernelNames, namePlaceAt } from './completion/kernel-names.ts';
import type { FeatureContext } from './context.ts';
import { withoutMarkdown } from './hover/markdown.ts';
import { ENTRY_SNIPPETS, type Snippet, TOP_LEVEL_SNIPPETS, withoutPlaceholders } from './snippets.ts';

/** The word before the cursor, with the dot of a designator. */
const WORD = /\.?\w*$/;

/** Fields, their values, table entries, struct names and whole pieces. What any C has is left to the C extension. */
export async function completion(
  context: FeatureContext,
  params: CompletionParams,
): Promise<CompletionItem[] | CompletionList> {
  const { uri } = params.textDocument;
  const document = context.documents.get(uri);
  if (!document) return [];
  const text = document.getText();
  const offset = document.offsetAt(params.position);
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const word = WORD.exec(line)?.[0] ?? '';
  const range = { start: document.positionAt(offset - word.length), end: params.position };
  const maker = new ItemMaker(context, range);
  if (/\bstruct\s+\w*$/.test(line)) return Object.keys(KLP_FIELDS).map((name) => maker.structName(name));
  // The top level of a file that may have nothing to do with livepatch yet: only for who asks by name.
  if (/^(?:klp|livepatch)\w*$/.test(line)) return TOP_LEVEL_SNIPPETS.map((snippet) => maker.snippet(snippet));
  if (!context.store.isLivepatch(uri)) return [];
  const knowledge = context.knowledge();
  const name = knowledge && namePlaceAt(text, offset);
  if (name) {
    const check = await context.checks.of(uri);
    const named = new ItemMaker(context, { start: document.positionAt(name.start), end: params.position });
    return check ? kernelNames(name, uri, check.module, knowledge, (text, more) => named.plain(text, more)) : [];
  }
  const place = initialiserAt(text, offset);
  if (!place) return [];
  if (place.table) {
    const entry = ENTRY_SNIPPETS[place.struct];
    return entry ? [maker.snippet(entry)] : [];
  }
  if (place.field === null) return fields(context, place).map((field) => maker.field(field));
  const module = (await context.checks.of(uri))?.module;
  return module ? values(module, place, place.field).map((value, rank) => maker.value(value, rank)) : [];
}

function fields(context: FeatureContext, { struct, present }: InitialiserPlace): KlpField[] {
  const kernel = parseKernelVersion(context.settings().kernelVersion);
  return KLP_FIELDS[struct].filter(
    (field) => !present.includes(field.name) && field.proposed === undefined && (!kernel || isIn(field, kernel)),
  );
}

function isIn({ since, until }: KlpField, kernel: KernelVersion): boolean {
  return compareVersions(kernel, since) >= 0 && !(until && compareVersions(kernel, until) >= 0);
}

interface ValueItem {
  readonly text: string;
  readonly detail: string;
  readonly kind: CompletionItemKind;
}

/** What may stand behind `.field =`, the likeliest first. */
function values(module: LivepatchModule, place: InitialiserPlace, field: string): ValueItem[] {
  switch (`${place.struct}.${field}`) {
    case 'klp_patch.mod':
      return [{ text: 'THIS_MODULE', detail: 'this livepatch module', kind: CompletionItemKind.Constant }];
    case 'klp_patch.replace':
      return ['true', 'false'].map((text) => ({ text, detail: 'bool', kind: CompletionItemKind.Value }));
    case 'klp_patch.objs':
      return tables(module.objectTables, 'struct klp_object[]');
    case 'klp_patch.states':
      return tables(module.stateTables, 'struct klp_state[]');
    case 'klp_object.funcs':
      return tables(module.funcTables, 'struct klp_func[]');
    case 'klp_func.new_func':
      return replacements(module, place.oldName);
    default: {
      const callback = place.struct === 'klp_callbacks' ? CALLBACK_NAMES.find((name) => name === field) : undefined;
      return callback ? callbacks(module, callback) : [];
    }
  }
}

function tables(all: readonly { readonly name: string | null }[], detail: string): ValueItem[] {
  return all.flatMap(({ name }) => (name === null ? [] : { text: name, detail, kind: CompletionItemKind.Variable }));
}

/** Functions that can stand for a kernel function: no init and exit code, nothing that is already something else. */
function replacements(module: LivepatchModule, oldName: string | null): ValueItem[] {
  const taken = new Set([
    ...callbackUses(module).map(({ reference }) => reference.name),
    ...[...module.init, ...module.exit].map((entry) => entry.function),
  ]);
  const fits = module.functions.filter(
    ({ name, inline, attributes, parameters }) =>
      !taken.has(name) &&
      !inline &&
      !attributes.some((attribute) => attribute === '__init' || attribute === '__exit') &&
      !isCallbackShape(parameters),
  );
  const likely = ({ name }: FunctionDefinition): number => (oldName === null || !name.includes(oldName) ? 1 : 0);
  return fits.toSorted((a, b) => likely(a) - likely(b)).map(functionItem);
}

function callbacks(module: LivepatchModule, name: CallbackName): ValueItem[] {
  const returns = name === 'pre_patch' ? 'int' : 'void';
  return module.functions
    .filter(({ parameters, returnType }) => isCallbackShape(parameters) && returnType === returns)
    .map(functionItem);
}

function isCallbackShape(parameters: FunctionDefinition['parameters']): boolean {
  return parameters?.length === 1 && /^struct klp_object ?\*$/.test(parameters[0]?.type ?? '');
}

function functionItem({ name, returnType, parameters }: FunctionDefinition): ValueItem {
  const types = parameters?.map(({ type }) => type).join(', ') ?? '…';
  return { text: name, detail: `${returnType} (${types || 'void'})`, kind: CompletionItemKind.Function };
}

class ItemMaker {
  private readonly context: FeatureContext;
  private readonly range: Range;

  constructor(context: FeatureContext, range: Range) {
    this.context = context;
    this.range = range;
  }

  field(field: KlpField): CompletionItem {
    return {
      ...this.insert(`.${field.name} = ${field.snippet ?? ''},`),
      label: `.${field.name}`,
      kind: CompletionItemKind.Field,
      detail: `${field.type} (since Linux ${formatVersion(field.since)})`,
      documentation: this.context.client.markdown
        ? { kind: 'markdown', value: field.meaning }
        : withoutMarkdown(field.meaning),
      ...(field.until && { tags: [CompletionItemTag.Deprecated] }),
    };
  }

  value({ text, detail, kind }: ValueItem, rank: number): CompletionItem {
    return {
      ...this.insert(text.replaceAll('$', '\\$')),
      label: text,
      kind,
      detail,
      sortText: String(rank).padStart(4, '0'),
    };
  }

  plain(text: string, more: Omit<CompletionItem, 'label'>): CompletionItem {
    return { ...more, label: text, textEdit: { range: this.range, newText: text } };
  }

  snippet({ label, detail, body }: Snippet): CompletionItem {
    return { ...this.insert(body), label, detail, kind: CompletionItemKind.Snippet };
  }

  structName(name: string): CompletionItem {
    return { ...this.insert(name), label: name, kind: CompletionItemKind.Struct, detail: 'linux/livepatch.h' };
  }

  private insert(body: string): Pick<CompletionItem, 'textEdit' | 'insertTextFormat'> {
    return this.context.client.snippets
      ? { insertTextFormat: InsertTextFormat.Snippet, textEdit: { range: this.range, newText: body } }
      : {
          insertTextFormat: InsertTextFormat.PlainText,
          textEdit: { range: this.range, newText: withoutPlaceholders(body) },
        };
  }
}
