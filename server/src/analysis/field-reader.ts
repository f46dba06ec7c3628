import {
  ABSENT,
  areExclusive,
  CALLBACK_NAMES,
  type CallbackName,
  type FunctionReference,
  type KlpCallbacks,
  type SourceRange,
  type Value,
} from '../../../shared/src/model/index.ts';
import { evaluateNumber, evaluateString, stripCasts } from './evaluate.ts';
import type { InitialiserList, InitialiserValue } from './initialiser.ts';
import type { WrittenField } from './klp-fields.ts';
import type { RunTimeChange } from './run-time-changes.ts';
import type { Token } from './scanner.ts';
import { type PlacedItem, rangeIn, type Scope, settle, unknown } from './scope.ts';

type Found =
  | { readonly kind: 'field'; readonly field: WrittenField }
  | { readonly kind: 'unknown'; readonly why: string; readonly range: SourceRange; readonly likely?: never }
  | { readonly kind: 'absent' };

/** The fields of one initialiser, by name. */
export class FieldReader {
  readonly place: PlacedItem;
  readonly list: InitialiserList;
  readonly written: readonly WrittenField[];
  private readonly scope: Scope;
  private readonly opaque: string | null;
  private readonly change: RunTimeChange | undefined;

  constructor(
    scope: Scope,
    place: PlacedItem,
    list: InitialiserList,
    written: readonly WrittenField[],
    opaque: string | null,
    change: RunTimeChange | undefined,
  ) {
    this.scope = scope;
    this.place = place;
    this.list = list;
    this.written = written;
    this.opaque = opaque;
    this.change = change;
  }

  /** Where the field is written: the last one counts, as in C. */
  find(name: string): Found {
    const last = name.slice(name.lastIndexOf('.') + 1);
    const written = this.written.findLast((field) => field.name === name);
    const range = written ? written.initialiser.valueRange : rangeIn(this.place, this.list);
    const why = this.change?.fields.get(last) ?? this.change?.whole;
    if (why) return unknown(why, range) as Found;
    if (written) return { kind: 'field', field: this.firstOfAlternatives(name, written) };
    return this.opaque === null ? ABSENT : (unknown(this.opaque, range) as Found);
  }

  /** With the same field in several arms of an `#if`, the first arm's. */
  private firstOfAlternatives(name: string, written: WrittenField): WrittenField {
    const others = this.alternatives(name, written);
    return others[0] ?? written;
  }

  private alternatives(name: string, written: WrittenField): WrittenField[] {
    return this.written.filter(
      (field) => field.name === name && areExclusive(field.initialiser.conditions, written.initialiser.conditions),
    );
  }

  private read<T extends string | number | boolean | null>(
    name: string,
    evaluate: (tokens: readonly Token[], range: SourceRange) => Value<T>,
  ): Value<T> {
    const found = this.find(name);
    if (found.kind !== 'field') return found;
    const { value, initialiser } = found.field;
    const range = initialiser.valueRange;
    if (value.kind !== 'expression') return unknown('braces stand where a value belongs', range);
    const last = this.written.findLast((field) => field.name === name);
    const result = evaluate(value.tokens, range);
    const alternatives = last !== undefined && last !== found.field;
    if (!alternatives && !value.conditional) return result;
    const why = 'depends on #if';
    return result.kind === 'known' && !value.conditional
      ? { kind: 'unknown', why, range, likely: result.value }
      : unknown(why, range);
  }

  number(name: string): Value<number> {
    return this.read(name, (tokens, range) => settle(evaluateNumber(tokens, this.scope.constants), tokens, range));
  }

  string(name: string): Value<string | null> {
    return this.read(name, (tokens, range) => settle(evaluateString(tokens), tokens, range));
  }

  isZero(value: InitialiserValue): boolean {
    if (value.kind !== 'expression')
      return value.kind === 'list' && value.elements.every((part) => this.isZero(part.value));
    const evaluation = evaluateNumber(stripCasts(value.tokens), this.scope.constants);
    return 'value' in evaluation && evaluation.value === 0;
  }

  module(): Value<'THIS_MODULE' | 'NULL' | 'other'> {
    return this.read('mod', (tokens, range) => {
      const [first] = stripCasts(tokens);
      if (first?.kind === 'placeholder') return unknown(`placeholder ${first.text}`, range);
      const value =
        first?.text === 'THIS_MODULE' ? 'THIS_MODULE' : /^(?:NULL|0)$/.test(first?.text ?? '') ? 'NULL' : 'other';
      return { kind: 'known', value, range };
    });
  }

  /** A callback of an object: `.callbacks = { .pre_patch = … }` or `.callbacks.pre_patch = …`. */
  callback(name: CallbackName): Value<FunctionReference> {
    const whole = this.written.findLast((field) => field.name === 'callbacks');
    if (whole?.value.kind === 'expression' && !this.isZero(whole.value)) {
      return unknown(`${whole.initialiser.valueText} is known only at run time`, whole.initialiser.valueRange);
    }
    return this.functionReference(`callbacks.${name}`);
  }

  functionReference(name: string): Value<FunctionReference> {
    const found = this.find(name);
    if (found.kind !== 'field') return found;
    const { value, initialiser } = found.field;
    const range = initialiser.valueRange;
    if (value.kind !== 'expression') return unknown('braces stand where a function belongs', range);
    if (value.conditional || this.alternatives(name, found.field).length > 0) return unknown('depends on #if', range);
    let tokens = stripCasts(value.tokens);
    if (tokens[0]?.text === '&') tokens = stripCasts(tokens.slice(1));
    const [first] = tokens;
    const doubt = tokens.find((token) => token.doubt !== undefined)?.doubt;
    if (doubt) return unknown(doubt, range);
    if (!first) return unknown('the initialiser is not complete', range);
    const known = (shape: FunctionReference['shape']): Value<FunctionReference> => ({
      kind: 'known',
      value: { name: first.text, range: tokens.length === 1 ? rangeIn(this.place, first) : range, shape },
      range,
    });
    if (first.kind === 'placeholder') return unknown(`placeholder ${first.text}`, range);
    if (first.kind === 'string') return known('string');
    if (this.isZero(value)) return ABSENT;
    if (first.kind === 'number') return known('number');
    if (first.kind !== 'name' || tokens.length > 1) {
      return tokens[1]?.text === '(' && first.kind === 'name'
        ? unknown(`${first.text}() is not defined in this module`, range)
        : known('other');
    }
    const { scope } = this;
    if (scope.functions.has(first.text)) return known('name');
    if (scope.variables.has(first.text)) return known('variable');
    return /^[A-Z][A-Z0-9_]*$/.test(first.text)
      ? unknown(`${first.text} is not defined in this module`, range)
      : known('name');
  }
}

export function callbacksOf(read: (name: CallbackName) => Value<FunctionReference>): KlpCallbacks {
  const [pre_patch, post_patch, pre_unpatch, post_unpatch] = CALLBACK_NAMES.map(read);
  return { pre_patch, post_patch, pre_unpatch, post_unpatch } as KlpCallbacks;
}
