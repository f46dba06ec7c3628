import type { Rule } from '../../rule.ts';
import { exampleEmptyObject } from '../example-module.ts';
import { MODULE_FILE_SUFFIX, nameFinding } from '../object-name-fix.ts';
import { seenObjects } from '../tables.ts';

export const rule: Rule = {
  id: 'object-name-dash',
  severity: 'error',
  severityReason: 'The object is never patched, and nothing says so.',
  group: 'structure',
  summary: 'An object name holds a dash, which no module name has.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel waits for a module of exactly this name, which never loads; it accepts the patch and reports nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Module names have underscores: `snd-hda-intel.ko` is the module `snd_hda_intel`, as `lsmod` shows it. ' +
    'The kernel compares the whole name letter by letter and takes a name with a dash for a module that is not loaded ' +
    'yet. Since 6.1, `/sys/kernel/livepatch/<patch>/<object>/patched` shows whether an object is really patched.',
  examples: {
    bad: [
      {
        title: 'File name instead of module name',
        code: exampleEmptyObject('.name = "snd-hda-intel", //~'),
      },
    ],
    good: [
      {
        title: "The kernel's name of the module",
        code: exampleEmptyObject('.name = "snd_hda_intel",'),
      },
    ],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      const name = entry.name.kind === 'known' ? entry.name.value : null;
      if (name === null || !(name.includes('-') && !name.includes('/') && !MODULE_FILE_SUFFIX.test(name))) return [];
      return nameFinding(
        module,
        entry,
        `The kernel writes "_" for "-" in module names, so no module is called "${name}". ` +
          'It accepts the patch silently and never applies this object.',
      );
    });
  },
};
