import { compareVersions } from '../../../kernel/version.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { addModuleLine } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { callsOf } from '../queries.ts';
import { certainty, sourceText } from '../targets.ts';
import { calledKernelNames } from './kernel-names.ts';

const PARTS = {
  includes: '#include <linux/dma-buf.h>',
  functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\\n", IS_ERR(dma_buf_get(0))); //~
	return 0;
}`,
};

export const rule: Rule = {
  id: 'missing-import-ns',
  severity: 'error',
  severityReason: 'The module cannot be built. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A function is called that is exported in a namespace, which the module does not import.',
  since: { major: 5, minor: 4 },
  kernel: {
    outcome: 'build-error',
    log: 'from namespace DMA_BUF, but does not import it',
    text: 'modpost stops; a module that gets through is refused by the loader.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'Some parts of the kernel export their functions for a circle of users: `EXPORT_SYMBOL_NS()`. Who calls them says so ' +
    'with `MODULE_IMPORT_NS()`. A livepatch that copies a function which calls them has to do what the original’s module does. ' +
    'Since 6.13 the namespace is written as a string.',
  examples: {
    bad: [{ title: 'A function of the DMA buffers', code: exampleModule(PARTS) }],
    good: [
      {
        title: 'The namespace is imported',
        code: exampleModule({
          ...PARTS,
          functions: PARTS.functions.replace(' //~', ''),
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_INFO(livepatch, "Y");`,
        }),
      },
    ],
  },
  check(module, { knowledge, version }) {
    if (!knowledge || !module.complete || module.role !== 'livepatch') return [];
    const imports = module.moduleInfos.filter(({ tag }) => tag === 'import_ns');
    if (imports.some(({ value }) => value.kind !== 'known')) return [];
    const imported = new Set(imports.map(({ value }) => (value.kind === 'known' ? value.value : '')));
    return calledKernelNames(module).flatMap((name): RuleFinding[] => {
      const namespaces = knowledge.everywhere(name).map((symbol) => symbol.namespace);
      const [namespace] = namespaces;
      if (namespaces.length !== 1 || !namespace || imported.has(namespace)) return [];
      const first = callsOf(module, name)[0];
      if (!first || first.call.conditions.length > 0 || first.inFunction.conditions.length > 0) return [];
      const { calleeRange } = first.call;
      const argument = compareVersions(version, { major: 6, minor: 13 }) < 0 ? namespace : `"${namespace}"`;
      const line = `MODULE_IMPORT_NS(${argument});`;
      const fixes: Fix[] = /^\w+$/.test(namespace)
        ? [
            {
              title: `Add ${line.slice(0, -1)}`,
              safety: 'safe',
              edits: [addModuleLine(module, calleeRange.file, line)],
            },
          ]
        : [];
      return [
        {
          range: calleeRange,
          message: `${name}() is exported in the namespace ${namespace} (${sourceText(knowledge)}), which the module does not import. modpost stops the build.`,
          fixes,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
