import type { Rule } from '../../rule.ts';
import { exampleEmptyObject } from '../example-module.ts';
import { nameFinding } from '../object-name-fix.ts';
import { seenObjects } from '../tables.ts';

export const rule: Rule = {
  id: 'object-name-path',
  severity: 'error',
  severityReason: 'The object is never patched, and nothing says so.',
  group: 'structure',
  summary: 'An object name is a path.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel waits for a module of exactly this name, which never loads; it accepts the patch and reports nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The name is that of the module, as `lsmod` shows it, without the folder that it is built in. The kernel takes a ' +
    'path for a module that is not loaded yet. Fixes have been shipped that never applied because of this.',
  examples: {
    bad: [
      {
        title: 'The place in the kernel tree',
        code: exampleEmptyObject('.name = "net/bluetooth/bluetooth", //~'),
      },
    ],
    good: [
      {
        title: "The kernel's name of the module",
        code: exampleEmptyObject('.name = "bluetooth",'),
      },
    ],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      const name = entry.name.kind === 'known' ? entry.name.value : null;
      if (name === null || !name.includes('/')) return [];
      return nameFinding(
        module,
        entry,
        `"${name}" is a path, and no module is called so. ` +
          'The kernel accepts the patch silently and never applies this object.',
      );
    });
  },
};
