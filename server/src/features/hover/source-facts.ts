import { relative } from 'node:path';
import type { FoundFunction } from '../../workspace/source-tree.ts';
import { code, plain } from './markdown.ts';

/** Words in a definition after which a function can't be traced (include/linux/compiler_types.h, 6.1 to 6.12). */
const NOT_TRACED = ['notrace', 'noinstr', '__no_instrument_function__'];

/** What the kernel's source says of a function; null when it has none of that name. `root` is the tree's folder. */
export function sourceFacts(functions: readonly FoundFunction[], root: string): string | null {
  const [first] = functions;
  if (!first) return null;
  const more = functions.length > 1 ? ` and ${functions.length - 1} more` : '';
  const parts = [
    `In the source, ${plain(relative(root, first.path))}:${lineOf(first)}${more}:\n\n\`\`\`c\n${first.signature.replaceAll('```', '')}\n\`\`\``,
  ];
  if (first.inline || first.attributes.includes('__always_inline')) {
    parts.push(`It is ${code('inline')}: the copies in its callers keep the old code.`);
  }
  const untraced = NOT_TRACED.find((word) => first.attributes.includes(word));
  if (untraced !== undefined) parts.push(`It is ${code(untraced)}: ftrace can’t hook it.`);
  if (first.attributes.includes('__init')) parts.push(`It is ${code('__init')}: it is gone after boot.`);
  if (first.threadMain) {
    parts.push(
      'It is the main function of a kernel thread: a thread that runs it never leaves it, so it never switches.',
    );
  }
  return parts.join('\n\n');
}

const lineOf = ({ text, nameRange }: FoundFunction): number => text.slice(0, nameRange.start).split('\n').length;
