import type { LivepatchModule, SourceRange } from '../../../../../shared/src/model/index.ts';
import { textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { perModule } from '../per-module.ts';

/**
 * A livepatch relocation as klp-convert takes it, behind a declaration:
 * `extern typeof(f) f KLP_RELOC_SYMBOL(LIVEPATCHED_OBJECT, OBJECT_OF_THE_SYMBOL, SYMBOL)`, or `…_POS` with a position.
 */
export interface Relocation {
  /** The object with whose patching it is resolved. */
  readonly patched: RelocationPart;
  /** The object that has the symbol. */
  readonly owner: RelocationPart;
  readonly symbol: RelocationPart;
  /** 0 when none is given; null when it can't be told. */
  readonly position: number | null;
}

export interface RelocationPart {
  readonly text: string;
  readonly range: SourceRange;
}

const RELOCATION = /^[^;{}]*?\bKLP_RELOC_SYMBOL(?:_POS)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*(?:,\s*(\w+)\s*)?\)/d;

/** The relocations of the module, those in arms of `#if` left out. */
export const relocations = perModule((module): readonly Relocation[] => {
  const declared = [...module.declaredFunctions, ...module.variables.filter(({ storage }) => storage.extern)].filter(
    ({ conditions }) => conditions.length === 0,
  );
  return declared.flatMap(({ nameRange }) => relocationBehind(module, nameRange) ?? []);
});

function relocationBehind(module: LivepatchModule, { file, end }: SourceRange): Relocation | null {
  const match = RELOCATION.exec(textOf(module, file).slice(end, end + 1000));
  if (!match?.indices) return null;
  const part = (group: number): RelocationPart => {
    const [from, to] = match.indices?.[group] ?? [0, 0];
    return { text: match[group] ?? '', range: { file, start: end + from, end: end + to } };
  };
  const position = match[4];
  return {
    patched: part(1),
    owner: part(2),
    symbol: part(3),
    position: position === undefined ? 0 : /^\d+$/.test(position) ? Number(position) : null,
  };
}

/**
 * Whether the module lists its symbols for klp-convert apart from their declarations, as its first versions took them:
 * `KLP_MODULE_RELOC(OBJECT) relocs[] = { KLP_SYMPOS(SYMBOL, POSITION) }`. Those versions also convert what is not listed
 * and exists once.
 */
export const listsRelocations = perModule((module): boolean =>
  module.files.some(({ text }) => /\bKLP_(?:MODULE_RELOC|SYMPOS)\s*\(/.test(text)),
);

/** What klp-convert's tree has in include/linux/livepatch.h. Kernels as released have no such macro. */
const MACROS = `
#define KLP_RELOC_SYMBOL_POS(patched, owner, symbol, position) \\
	asm("\\".klp.sym.rela." #patched "." #owner "." #symbol "," #position "\\"")
#define KLP_RELOC_SYMBOL(patched, owner, symbol) KLP_RELOC_SYMBOL_POS(patched, owner, symbol, 0)`;

/**
 * An example whose replacement, and one for the module loop, call a function through this relocation. Without klp-convert modpost
 * stops at the symbol, so kernels that are tested with it never see the module.
 */
export function relocationExample(declaration: string): string {
  return exampleModule({
    includes: MACROS,
    functions: `
${declaration.trim()}

static int fixed_lo_open(void *disk, unsigned int mode)
{
	return nr_context_switches() ? -EPERM : 0;
}`,
    funcs: `
static struct klp_func loop_funcs[] = {
	{
		.old_name = "lo_open",
		.new_func = fixed_lo_open,
	},
	{ }
};`,
    objs: `
static struct klp_object objs[] = {
	{
		.name = "loop",
		.funcs = loop_funcs,
	},
	{ }
};`,
  });
}

/** What kernels do with each such example that klp-convert has not worked on. */
export const WITHOUT_CONVERTER = [{ outcome: 'build-error', log: 'undefined!' }] as const;
