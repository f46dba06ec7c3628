import { isInlined, untracedWord } from '../../analysis/rules/source-functions.ts';
import { type FoundFunction, placeIn } from '../../workspace/source-tree.ts';
import { code, plain } from './markdown.ts';

/** What the kernel's source says of a function; null when it has none of that name. `root` is the tree's folder. */
export function sourceFacts(functions: readonly FoundFunction[], root: string): string | null {
  const [first] = functions;
  if (!first) return null;
  const more = functions.length > 1 ? ` and ${functions.length - 1} more` : '';
  const parts = [
    `In the source, ${plain(placeIn(root, first))}${more}:\n\n\`\`\`c\n${first.signature.replaceAll('```', '')}\n\`\`\``,
  ];
  if (isInlined(first)) {
    parts.push(`It is ${code('inline')}: the copies in its callers keep the old code.`);
  }
  const untraced = untracedWord(first);
  if (untraced !== null) parts.push(`It is ${code(untraced)}: ftrace can’t hook it.`);
  if (first.attributes.includes('__init')) parts.push(`It is ${code('__init')}: it is gone after boot.`);
  if (first.threadMain) {
    parts.push(
      'It is the main function of a kernel thread: a thread that runs it never leaves it, so it never switches.',
    );
  }
  return parts.join('\n\n');
}
