import type { KernelKnowledge, KernelSymbol, Parameter, Prototype, StructLayout } from '../../kernel/knowledge.ts';
import { knowledgeFrom } from '../../kernel/knowledge-from.ts';
import type { SourceFunction } from '../rule.ts';

/**
 * The symbols that the examples name, as Linux 6.12 has them: `type name`, and `[module]` or the namespace of its export,
 * in the order in which positions count. Behind the type letter stands `!` when ftrace cannot hook the function, `~` when
 * it is `__init`, `+` when it is exported, `*` when it is exported to GPL modules and `-` when it is known not to be.
 * A test holds each of them against the built-in reference kernel, which was read from a real one.
 */
const SYMBOLS = `
t uptime_proc_show
t cmdline_proc_show
t loadavg_proc_show
T+ single_open
T+ seq_printf
T+ schedule
T+ register_reboot_notifier
T+ d_prune_aliases
T* dma_buf_get DMA_BUF
T- nr_context_switches
t! __schedule
t~ proc_uptime_init
t! __pfx_uptime_proc_show
t do_sysinfo.isra.0
T __x64_sys_getpid
T __ia32_sys_getpid
t __do_sys_getpid
T __x64_sys_newuname
T __ia32_sys_newuname
t! __do_sys_newuname
t m_show
t m_show
t verbose
b verbose
D* init_uts_ns
b time_adjust
D- __tracepoint_sched_process_free
B- sched_schedstats
B* housekeeping_overridden
t timer_list_show
T ctrl_alt_del
t loop_configure [loop]
t lo_open [loop]
T+ rational_best_approximation [rational]
`;

const EXPORTS = new Map<string | undefined, 'yes' | 'gpl' | 'no'>([
  ['+', 'yes'],
  ['*', 'gpl'],
  ['-', 'no'],
]);

/** Bytes. */
const TYPE_SIZES: ReadonlyMap<string, number> = new Map([
  ['bool', 1],
  ['int', 4],
  ['u64', 8],
  ['unsigned long', 8],
]);

/** Prototypes and structures that the examples need, as BTF has them. */
const TYPES: ExampleTypes = {
  prototypes: {
    uptime_proc_show: prototype('int', ['struct seq_file *m', 'void *v']),
    single_open: prototype('int', ['struct file *file', 'int (*show)(struct seq_file *, void *)', 'void *data']),
  },
  structures: {
    timer_list_iter: structure('timer_list_iter', 16, ['int cpu', 'bool second_pass', 'u64 now']),
  },
  builtIn: ['jbd2'],
};

/** What an example kernel knows beside symbols. */
export interface ExampleTypes {
  readonly prototypes?: Readonly<Record<string, Prototype>>;
  readonly structures?: Readonly<Record<string, StructLayout>>;
  /** Modules that are built in. When there are some, all others are known not to be. */
  readonly builtIn?: readonly string[];
}

/** The symbols' names and modules (null: vmlinux), and the types' names: what the example kernel is asked for. */
export const EXAMPLE_NAMES = {
  symbols: [...new Map(lines(SYMBOLS).map((line) => [line.name, { name: line.name, object: line.module }])).values()],
  prototypes: Object.keys(TYPES.prototypes ?? {}),
  structures: Object.keys(TYPES.structures ?? {}),
  builtIn: TYPES.builtIn ?? [],
} as const;

/** What the source of Linux 6.1 and 6.12 says of functions that examples replace. A test compares it with the source. */
export const EXAMPLE_SOURCE: ReadonlyMap<string, readonly SourceFunction[]> = new Map([
  [
    'd_prune_aliases',
    [
      {
        place: 'fs/dcache.c',
        inline: false,
        attributes: [],
        threadMain: false,
        locks: [{ first: 'inode->i_lock', second: 'dentry->d_lock' }],
      },
    ],
  ],
]);

/** A kernel of a few symbols for the examples of rules that need to know some, and for their tests. */
export const EXAMPLE_KERNEL: KernelKnowledge = exampleKernel(SYMBOLS, { types: TYPES });

/** Makes such a kernel of a list of symbols. */
export function exampleKernel(
  symbols: string,
  { reference = false, types = {} }: { readonly reference?: boolean; readonly types?: ExampleTypes } = {},
): KernelKnowledge {
  const listed = lines(symbols);
  const { knowledge } = knowledgeFrom({
    label: reference ? 'built-in reference kernel, Linux 6.12' : 'kallsyms of Linux 6.12',
    reference,
    kallsyms: `${'0'.repeat(16)} T _text\n${listed
      // So far from each other that no size is concluded from the distance.
      .map(({ type, name, module }, i) => {
        const address = (0xf00000000000 + i * 0x2000000).toString(16);
        return `${address} ${type} ${name}${module === null ? '' : `\t[${module}]`}\n`;
      })
      .join('')}`,
    filterFunctions: listed
      .filter(({ type, mark }) => /[tw]/i.test(type) && mark !== '!' && mark !== '~')
      .map(({ name, module }) => `${name}${module === null ? '' : ` [${module}]`}\n`)
      .join(''),
  });
  if (!knowledge) throw new Error('the example kernel has no symbols');
  const exports = new Map(listed.map((line) => [line.name, line]));
  const withExport = (symbol: KernelSymbol): KernelSymbol => {
    const line = exports.get(symbol.name);
    const exported = EXPORTS.get(line?.mark) ?? symbol.exported;
    return { ...symbol, exported, init: line?.mark === '~', namespace: line?.namespace ?? null };
  };
  return {
    label: knowledge.label,
    reference,
    coverage: (object) => knowledge.coverage(object),
    lookup: (name, object) => knowledge.lookup(name, object).map(withExport),
    everywhere: (name) => knowledge.everywhere(name).map(withExport),
    variants: (name, object) => knowledge.variants(name, object),
    search: (typed, object, limit) => knowledge.search(typed, object, limit),
    closest: (name, object) => knowledge.closest(name, object),
    modules: () => knowledge.modules(),
    isBuiltIn: (module) => types.builtIn?.includes(module) ?? null,
    prototype: (name) => types.prototypes?.[name] ?? null,
    layout: (name) => types.structures?.[name] ?? null,
  };
}

function lines(symbols: string) {
  return symbols.trim().split('\n').map(readLine);
}

function readLine(line: string) {
  const [, type = '', mark = '', name = '', rest = ''] = /^(\w)(\W?) (\S+)(?: (\S+))?$/.exec(line.trim()) ?? [];
  const module = /^\[(.+)\]$/.exec(rest)?.[1] ?? null;
  return { type, mark, name, module, namespace: module !== null || rest === '' ? null : rest };
}

/** A function's prototype, its parameters with their names. */
export function prototype(returns: string, parameters: readonly string[]): Prototype {
  const read = parameters.map((text): Parameter => {
    const name = /(?:\(\*(\w+)\)\(.*\)|\b(\w+))$/.exec(text);
    const own = name?.[1] ?? name?.[2] ?? null;
    return {
      name: own,
      type: own === null ? text : text.replace(new RegExp(`\\b${own}\\b(?!.*\\b${own}\\b)`), '').trim(),
    };
  });
  const text = `${returns}(${read.map(({ type }) => type).join(', ')})`;
  return { text, returns, parameters: read, variadic: false, linkage: null };
}

/**
 * A structure of plain members without holes but those that alignment makes.
 *
 * @param size bytes
 * @param members `type name` each; the type is `unsigned long` when there is only a name
 */
export function structure(name: string, size: number, members: readonly string[]): StructLayout {
  let end = 0;
  const placed = members.map((text) => {
    const [, type = 'unsigned long', member = ''] = /^(?:(.+) )?(\w+)$/.exec(text) ?? [];
    const bytes = TYPE_SIZES.get(type);
    if (bytes === undefined) throw new Error(`the size of ${type} is not known here`);
    const start = Math.ceil(end / bytes) * bytes;
    end = start + bytes;
    return { name: member, type, offset: start * 8 };
  });
  return { name, kind: 'struct', size, members: placed };
}
