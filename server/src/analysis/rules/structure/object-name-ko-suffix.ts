import type { Rule } from '../../rule.ts';
import { exampleEmptyObject } from '../example-module.ts';
import { MODULE_FILE_SUFFIX, nameFinding } from '../object-name-fix.ts';
import { seenObjects } from '../tables.ts';

export const rule: Rule = {
  id: 'object-name-ko-suffix',
  severity: 'error',
  severityReason: 'The object is never patched, and nothing says so.',
  group: 'structure',
  summary: 'An object name ends in .ko.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel waits for a module of exactly this name, which never loads; it accepts the patch and reports nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The name is that of the module, as `lsmod` shows it, not that of its file. The kernel takes `"loop.ko"` for a ' +
    'module that is not loaded yet. Since 6.1, `/sys/kernel/livepatch/<patch>/<object>/patched` shows whether an object ' +
    'is really patched.',
  examples: {
    bad: [
      {
        title: 'File name instead of module name',
        code: exampleEmptyObject('.name = "loop.ko", //~'),
      },
    ],
    good: [
      {
        title: "The kernel's name of the module",
        code: exampleEmptyObject('.name = "loop",'),
      },
    ],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      const name = entry.name.kind === 'known' ? entry.name.value : null;
      if (name === null || !(!name.includes('/') && MODULE_FILE_SUFFIX.test(name))) return [];
      return nameFinding(
        module,
        entry,
        `"${name}" is the name of a file, and no module is called so. ` +
          'The kernel accepts the patch silently and never applies this object.',
      );
    });
  },
};
