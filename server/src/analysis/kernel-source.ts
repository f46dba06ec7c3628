import type { FunctionDefinition, SourceRange } from '../../../shared/src/model/index.ts';
import { type LockPair, lockPairs } from './lock-order.ts';
import type { CParser } from './parser.ts';
import { readModule } from './read-module.ts';
import { SourceUnit } from './source-unit.ts';

/** A function as the kernel's own source defines it. */
export interface KernelFunction {
  readonly name: string;
  readonly range: SourceRange;
  readonly nameRange: SourceRange;
  /** As written, in one line: `static int version_proc_show(struct seq_file *m, void *v)`. */
  readonly signature: string;
  readonly static: boolean;
  readonly inline: boolean;
  /** Words that say where it may run and whether it can be traced: `notrace`, `noinstr`, `__init`, `__sched`… */
  readonly attributes: readonly string[];
  /** Passed to kthread_run() or a function like it in the same file: the main function of a kernel thread. */
  readonly threadMain: boolean;
  /** Which locks it takes while it holds which. */
  readonly locks: readonly LockPair[];
  /** Name of the system call that SYSCALL_DEFINEn makes of it; null for ordinary functions. */
  readonly syscall: string | null;
}

/** Takes a thread's main function as an argument (include/linux/kthread.h, include/linux/sched/task.h). */
const STARTS_THREAD = '(?:kthread_(?:run|create)\\w*|kernel_thread|user_mode_thread|create_io_thread)';

/** What `__x64_sys_read` and others stand for (arch/x86/include/asm/syscall_wrapper.h). */
const SYSCALL = /^__(?:x64|ia32|arm64|s390x?|do|se)_(?:compat_)?sys_(\w+)$/;

/** The system call behind a function's name; null when it is none. */
export function syscallOf(name: string): string | null {
  return SYSCALL.exec(name)?.[1] ?? null;
}

/**
 * Whether a text may define the function: a cheap test before a file is parsed. Bytes, because most files of a tree are
 * looked at only for this.
 */
export function mayDefine(text: Buffer, name: string): boolean {
  const syscall = syscallOf(name);
  if (syscall !== null)
    return (
      text.includes(`SYSCALL_DEFINE`) && new RegExp(`SYSCALL_DEFINE\\d\\(${syscall}\\b`).test(text.toString('latin1'))
    );
  for (let at = text.indexOf(`${name}(`); at >= 0; at = text.indexOf(`${name}(`, at + 1)) {
    if (isDefinition(text, at)) return true;
  }
  return false;
}

const NEWLINE = 10;

/** The line begins with a word, as definitions do, and no semicolon follows before the brace. */
function isDefinition(text: Buffer, at: number): boolean {
  const start = text.lastIndexOf(NEWLINE, at) + 1;
  const before = text.toString('latin1', start, at);
  // The type may stand in the line above, the name then begins its line.
  if (!/^(?:[A-Za-z_][\w\s*()]*[\s*])?$/.test(before) || /\b(?:return|else|case)\b/.test(before)) return false;
  const after = text.toString('latin1', at, at + 2000);
  return /^\w+\([^;{}]*\)[^;{}()]*(?:\([^;{}]*\)[^;{}()]*)*\{/.test(after);
}

/** What a file of the kernel's source says of the function; empty when it does not define it. */
export function kernelFunctions(parser: CParser, file: string, text: string, name: string): KernelFunction[] {
  const syscall = syscallOf(name);
  if (syscall !== null) return systemCalls(file, text, name, syscall);
  const threadMain = new RegExp(`\\b${STARTS_THREAD}\\s*\\(\\s*&?\\s*${name}\\b`).test(text);
  return definitionsIn(text, name).flatMap(({ start, end }) => {
    // Only the function itself: files of the kernel have up to ten thousand lines.
    const unit = new SourceUnit(parser, file, text.slice(start, end));
    try {
      return readModule([unit], { name: 'source', missing: [] })
        .functions.filter((definition) => definition.name === name)
        .map((definition) => kernelFunction(definition, file, text, start, threadMain));
    } finally {
      unit.dispose();
    }
  });
}

/** From the first word of each definition to behind its closing brace. */
function definitionsIn(text: string, name: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (const match of text.matchAll(
    new RegExp(`^(?:[A-Za-z_][\\w\\s*()]*[\\s*])?${name}\\([^;{}]*\\)[^;{}]*\\{`, 'gm'),
  )) {
    const close = text.indexOf('\n}', match.index);
    found.push({ start: match.index, end: close < 0 ? text.length : close + 2 });
  }
  return found;
}

function kernelFunction(
  { name, range, nameRange, bodyRange, static: isStatic, inline, attributes, calls }: FunctionDefinition,
  file: string,
  text: string,
  from: number,
  threadMain: boolean,
): KernelFunction {
  const moved = ({ start, end }: SourceRange): SourceRange => ({ file, start: from + start, end: from + end });
  return {
    name,
    range: moved(range),
    nameRange: moved(nameRange),
    signature: oneLine(text.slice(from + range.start, from + bodyRange.start)),
    static: isStatic,
    inline,
    attributes,
    threadMain,
    locks: lockPairs(calls).map(({ first, second }) => ({ first, second })),
    syscall: null,
  };
}

function systemCalls(file: string, text: string, name: string, syscall: string): KernelFunction[] {
  return [...text.matchAll(new RegExp(`^((?:COMPAT_)?SYSCALL_DEFINE\\d\\()(${syscall})\\b[^)]*\\)`, 'gm'))].map(
    (match) => {
      const start = match.index + (match[1]?.length ?? 0);
      return {
        name,
        range: { file, start: match.index, end: match.index + match[0].length },
        nameRange: { file, start, end: start + syscall.length },
        signature: oneLine(match[0]),
        static: false,
        inline: false,
        attributes: [],
        threadMain: false,
        locks: [],
        syscall,
      };
    },
  );
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
