import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { assert, assertEqual, expectRules, finding, findingsIn, open, placeOf, withSetting } from './support.ts';

const RULE = 'diff-structure-members';
const diff = (path: string): string => `--- a/${path}
+++ b/${path}
@@ -10,3 +10,4 @@ struct work {
 	int users;
+	int waiting;
 	struct list_head entry;
 };
`;

export const diffJourneys: readonly Journey[] = [
  {
    name: 'a diff of the kernel has findings, a hover, and a setting that turns them off',
    async run() {
      const { document } = await open('fix.patch', diff('fs/work.c'));
      assertEqual(document.languageId, 'diff', 'language');
      const found = await finding(document, RULE);
      assert(
        typeof found.code === 'object' && found.code.target.path.endsWith('docs/diffs.md'),
        'It links to its page.',
      );
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        placeOf(document, 'waiting'),
      );
      const texts = hovers.flatMap(({ contents }) => contents.map((part) => (part as vscode.MarkdownString).value));
      assert(
        texts.some((text) => text.includes('keep the old layout')),
        `The hover says what comes of it, and not: ${texts.join(' | ')}`,
      );
      await withSetting('livepatch.diffs.enabled', false, () => expectRules(document, []));
      await expectRules(document, [RULE]);
    },
  },
  {
    name: 'a diff of something else has no findings',
    async run() {
      const { document: other } = await open('other.patch', diff('src/work.c'));
      const { document } = await open('second.diff', diff('mm/work.c'));
      await finding(document, RULE);
      assertEqual(findingsIn(other).length, 0, 'findings');
    },
  },
];
