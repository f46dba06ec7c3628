import type { LivepatchModule, SourceRange } from '../../../../../shared/src/model/index.ts';
import type { StructLayout } from '../../../kernel/knowledge.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { withoutCommentsAndStrings } from '../c-text.ts';
import { exampleReplacing } from '../example-module.ts';
import { sourceText } from '../targets.ts';

const REPLACEMENT = `
static int fixed_timer_list_show(struct seq_file *m, void *v)
{
	struct timer_list_iter *iter = v;

	seq_printf(m, "%d\\n", iter->cpu);
	return 0;
}`;

export const rule: Rule = {
  id: 'struct-layout-change',
  severity: 'warning',
  severityReason: 'The structure may be another one that has the same name by chance.',
  group: 'symbols',
  needs: 'types',
  summary: 'The module defines a structure of the kernel with other members.',
  kernel: {
    outcome: 'hazard',
    text: 'What the kernel has allocated keeps the kernel’s layout. The replacement reads and writes other members, or memory behind the object.',
    evidence: 'documentation',
  },
  explanation:
    'A structure that is private to a file of the kernel has to be copied together with the functions that use it, and exactly as it is ' +
    'there. A patch cannot add or resize members: objects of the old layout exist already, and code that is not patched goes on ' +
    'making them. Attach new data with a shadow variable.',
  examples: {
    bad: [
      {
        title: 'A new member',
        code: exampleReplacing('timer_list_show', 'fixed_timer_list_show', {
          functions: `
struct timer_list_iter { //~
	int cpu;
	bool second_pass;
	u64 now;
	u64 started;
};
${REPLACEMENT}`,
        }),
      },
    ],
    good: [
      {
        title: 'As it is in the kernel',
        code: exampleReplacing('timer_list_show', 'fixed_timer_list_show', {
          functions: `
struct timer_list_iter {
	int cpu;
	bool second_pass;
	u64 now;
};
${REPLACEMENT}`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge || module.role !== 'livepatch') return [];
    return structuresOf(module).flatMap(({ name, nameRange, members }): RuleFinding[] => {
      const layout = knowledge.layout(name);
      const wrong = layout?.kind === 'struct' ? difference(members, layout) : null;
      if (wrong === null) return [];
      return [
        {
          range: nameRange,
          message: `struct ${name} ${wrong} (${sourceText(knowledge)}). Objects that the kernel made have its layout: the replacement reads and writes other memory.`,
        },
      ];
    });
  },
};

function difference(members: readonly (string | null)[], { members: known }: StructLayout): string | null {
  // The preprocessor renames members too: `#define rcu_head callback_head` of include/linux/types.h.
  const theirs = known.map(({ name }) => (name === 'callback_head' ? 'rcu_head' : name));
  const shared = members.filter((name) => name !== null && theirs.includes(name)).length;
  // Little in common: another structure of the same name.
  if (shared * 2 < theirs.length || shared === 0) return null;
  const more = members.find((name) => name !== null && !theirs.includes(name));
  if (more !== undefined) return `has a member "${more}" that the kernel's has not`;
  const less = theirs.find((name) => name !== null && !members.includes(name));
  if (less !== undefined) return `lacks the member "${less}" of the kernel's`;
  if (members.length !== theirs.length) return null;
  const moved = members.find((name, index) => name !== theirs[index]);
  return moved === undefined ? null : `has the member "${moved}" in another place than the kernel's`;
}

/** Characters of the longest definition that is looked at. */
const LONGEST = 20_000;

interface Structure {
  readonly name: string;
  readonly nameRange: SourceRange;
  /** In order; null for anonymous ones. */
  readonly members: readonly (string | null)[];
}

/** The structures that the module's files define at top level, without those of which a part cannot be read. */
function structuresOf(module: LivepatchModule): Structure[] {
  return module.files.flatMap(({ file, text }) => {
    return [...text.matchAll(/^struct\s+(\w+)\s*\{/gm)].flatMap((match): Structure[] => {
      const { index } = match;
      if (text.lastIndexOf('/*', index) > text.lastIndexOf('*/', index)) return [];
      const name = match[1] ?? '';
      const code = withoutCommentsAndStrings(text.slice(index + match[0].length, index + LONGEST));
      const close = closingBrace(code);
      const members = close < 0 ? null : membersIn(code.slice(0, close));
      if (members === null) return [];
      const start = index + match[0].indexOf(name, 'struct'.length);
      return [{ name, nameRange: { file, start, end: start + name.length }, members }];
    });
  });
}

function closingBrace(code: string): number {
  let depth = 1;
  for (let at = 0; at < code.length; at++) {
    if (code[at] === '{') depth++;
    else if (code[at] === '}' && --depth === 0) return at;
  }
  return -1;
}

/** The names of members; null when a macro, directive or odd declarator stands among them. */
function membersIn(body: string): (string | null)[] | null {
  if (/[#@]|\b[A-Z][A-Z0-9_]+\s*\(|\brandomized_struct_fields|\bstruct_group/.test(body)) return null;
  // What is nested counts as one member; its own members don't matter.
  let flat = body;
  for (let before = ''; before !== flat; ) {
    before = flat;
    flat = flat.replace(/\{[^{}]*\}/g, ' ');
  }
  const names: (string | null)[] = [];
  for (const declared of flat.split(';')) {
    const text = declared.trim();
    if (text === '') continue;
    if (/^(?:struct|union)\s*$/.test(text)) {
      names.push(null);
      continue;
    }
    for (const declarator of text.split(/,(?![^(]*\))/)) {
      const name = /\(\s*\*\s*(\w+)\s*(?:\[[^\]]*\])?\s*\)|(\w+)\s*(?:\[[^\]]*\]\s*)*(?::\s*\w+\s*)?$/.exec(
        declarator.trim(),
      );
      const own = name?.[1] ?? name?.[2];
      if (own === undefined || /^(?:__\w+|int|long|char|short)$/.test(own)) return null;
      names.push(own);
    }
  }
  return names;
}
