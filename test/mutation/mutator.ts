import type { TargetKernel } from '../../server/src/analysis/rule.ts';
import type { KernelKnowledge } from '../../server/src/kernel/knowledge.ts';
import type { LivepatchModule, SourceRange } from '../../shared/src/model/index.ts';

/** A correct module to make faults in. */
export interface Base {
  /** For people: the rule and the example, or the file. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly module: LivepatchModule;
  readonly kernel: string;
  readonly knowledge: KernelKnowledge | null;
  /** What the kernel's source says: see TargetKernel. */
  readonly source: TargetKernel['source'];
}

/** Offsets in the base's text; `end` is exclusive. */
export type Span = Pick<SourceRange, 'start' | 'end'>;

export interface Edit extends Span {
  readonly newText: string;
}

/** One fault, made once. */
export interface Fault {
  /** Offsets in the base's text; they do not overlap. */
  readonly edits: readonly Edit[];
  /** The finding must start inside: between the mutated places of these offsets. */
  readonly where: Span;
  /** When the fault is the module's name. */
  readonly file?: string;
  /** When the fault is to be for this kernel. */
  readonly kernel?: string;
}

/** A single fault that people make, and the rule that must see it. */
export interface Mutator {
  readonly id: string;
  /** What somebody does wrong, in a few words. */
  readonly fault: string;
  readonly rule: string;
  /** Every place of a module in which the fault can be made. None where it would be none. */
  faults(base: Base): readonly Fault[];
}

export function mutator(id: string, fault: string, rule: string, faults: Mutator['faults']): Mutator {
  return { id, fault, rule, faults };
}

export const remove = ({ start, end }: Span): Edit => ({ start, end, newText: '' });
export const replace = ({ start, end }: Span, newText: string): Edit => ({ start, end, newText });
export const insert = (at: number, newText: string): Edit => ({ start: at, end: at, newText });

export const spanned = ({ text }: Base, { start, end }: Span): string => text.slice(start, end);
export const whole = ({ text }: Base): Span => ({ start: 0, end: text.length });

/** The text with edits made. */
export function edited(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { start, end, newText } of edits.toSorted((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, start) + newText + result.slice(end);
  }
  return result;
}

/** Where a span went: what was put in at its ends belongs to it. */
export function mapped({ start, end }: Span, edits: readonly Edit[]): Span {
  let [from, to] = [start, end];
  for (const edit of edits) {
    const delta = edit.newText.length - (edit.end - edit.start);
    if (edit.end < start || (edit.end === start && edit.start < start)) from += delta;
    if (edit.end <= end) to += delta;
  }
  return { start: from, end: to };
}
