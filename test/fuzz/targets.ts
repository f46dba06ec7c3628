import type { CParser } from '../../server/src/analysis/parser.ts';
import { readCapture } from '../../server/src/capture/read-capture.ts';
import { readScenario } from '../../server/src/scenario/read-scenario.ts';
import { captures, cTexts, elfFiles, LISTS, scenarios, smallBtf } from './seeds.ts';
import type { Target } from './target.ts';
import { elfTarget, listsTarget, typesTarget } from './targets/kernel-files.ts';
import { editingTarget, modulesTarget, placesTarget } from './targets/modules.ts';
import { jsonTarget, kbuildTarget } from './targets/small-files.ts';

/** Everything that takes input from outside. `root`: of the repository, where inputs to break are. */
export function fuzzTargets(parser: CParser, root: string): Target[] {
  const texts = cTexts(root);
  return [
    modulesTarget(parser, texts),
    editingTarget(parser, texts),
    placesTarget(parser, texts),
    listsTarget(LISTS),
    typesTarget([smallBtf()]),
    elfTarget(elfFiles(root)),
    jsonTarget('scenarios', scenarios(root), readScenario),
    jsonTarget('captures', captures(root), readCapture),
    kbuildTarget(),
  ];
}
