import type { CParser } from '../../server/src/analysis/parser.ts';
import { cTexts, elfFiles, LISTS, smallBtf } from './seeds.ts';
import type { Target } from './target.ts';
import { elfTarget, listsTarget, typesTarget } from './targets/kernel-files.ts';
import { editingTarget, modulesTarget } from './targets/modules.ts';

/** Everything that takes input from outside. `root`: of the repository, where inputs to break are. */
export function fuzzTargets(parser: CParser, root: string): Target[] {
  const texts = cTexts(root);
  return [
    modulesTarget(parser, texts),
    editingTarget(parser, texts),
    listsTarget(LISTS),
    typesTarget([smallBtf()]),
    elfTarget(elfFiles(root)),
  ];
}
