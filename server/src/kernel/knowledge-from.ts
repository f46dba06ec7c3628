import type { ExportEntries } from './export-entries.ts';
import type { KernelKnowledge } from './knowledge.ts';
import { addFilterFunctions, markTraceable } from './read-filter-functions.ts';
import { readKallsyms } from './read-kallsyms.ts';
import { type SymbolTable, SymbolTableBuilder } from './symbol-table.ts';
import { type Coverage, TableKnowledge } from './table-knowledge.ts';

/** Contents of files that tell of one kernel. Each is optional; text may come as bytes. */
export interface KernelSources {
  /** Where it is from, for people: see KernelKnowledge.label. */
  readonly label: string;
  /** Whether it is the built-in reference kernel. */
  readonly reference?: boolean;
  /** /proc/kallsyms. */
  readonly kallsyms?: Uint8Array | string | undefined;
  /** /sys/kernel/tracing/available_filter_functions, with or without addresses. */
  readonly filterFunctions?: Uint8Array | string | undefined;
}

/** A source that could not be used, or not all of it. */
export interface SourceProblem {
  readonly source: Exclude<keyof KernelSources, 'label' | 'reference'>;
  /** What is wrong with it, as a sentence without its name: `Line 3 is not in the format of /proc/kallsyms.` */
  readonly message: string;
}

export interface KernelReading {
  /** Null when no source gave anything. */
  readonly knowledge: KernelKnowledge | null;
  readonly problems: readonly SourceProblem[];
}

/** What the sources' symbols are, in a table. */
export interface TableReading {
  /** Null when no source gave anything. */
  readonly table: SymbolTable | null;
  readonly coverage: ReadonlyMap<string | null, Coverage>;
  readonly problems: readonly SourceProblem[];
}

/** Puts together what some sources tell of a kernel. Never throws on what they contain. */
export function knowledgeFrom(sources: KernelSources): KernelReading {
  const { table, coverage, problems } = knowledgeTable(sources);
  if (!table) return { knowledge: null, problems };
  const modules = [...coverage.keys()].filter((object) => object !== null).sort();
  const { label, reference = false } = sources;
  return { knowledge: new TableKnowledge({ label, reference, table, coverage, modules }), problems };
}

/** The symbols alone. */
export function knowledgeTable(sources: Omit<KernelSources, 'label' | 'reference'>): TableReading {
  const problems: SourceProblem[] = [];
  const coverage = new Map<string | null, Coverage>();
  const kallsyms = bytesOf(sources.kallsyms);
  const filter = bytesOf(sources.filterFunctions);
  const builder = new SymbolTableBuilder(Math.ceil((kallsyms?.length ?? filter?.length ?? 0) / 30));

  let exports: ExportEntries | null = null;
  if (kallsyms) {
    const reading = readKallsyms(kallsyms, builder, () => true);
    const message = kallsymsProblem(reading);
    if (message) problems.push({ source: 'kallsyms', message });
    for (const object of reading.objects) coverage.set(object, reading.complete ? 'complete' : 'partial');
    if (reading.complete) exports = reading.exports;
  }
  if (filter) {
    const reading = addFilterFunctions(filter, builder, (object) => (coverage.get(object) ?? 'none') === 'none');
    for (const object of reading.objects) if (!coverage.has(object)) coverage.set(object, 'partial');
    if (reading.functions === 0) {
      problems.push({ source: 'filterFunctions', message: 'It lists no functions.' });
    } else if (reading.badLine !== null) {
      const message = `Line ${reading.badLine} is not in the format of available_filter_functions.`;
      problems.push({ source: 'filterFunctions', message });
    } else if (!reading.complete) {
      problems.push({
        source: 'filterFunctions',
        message: 'It ends in the middle of a line: what it does not list is taken as not known.',
      });
    }
  }
  const table = builder.build();
  exports?.mark(table);
  if (filter) markTraceable(filter, table);
  return { table: table.count === 0 ? null : table, coverage, problems };
}

function kallsymsProblem(reading: ReturnType<typeof readKallsyms>): string | null {
  if (reading.symbols === 0) return 'It holds no symbols in the format of /proc/kallsyms.';
  if (reading.badLine !== null) return `Line ${reading.badLine} is not in the format of /proc/kallsyms.`;
  if (!reading.complete) return 'It ends in the middle of a line: what it does not list is taken as not known.';
  return null;
}

function bytesOf(source: Uint8Array | string | undefined): Uint8Array | null {
  return typeof source === 'string' ? new TextEncoder().encode(source) : (source ?? null);
}
