import { spanRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';

export const rule: DiffRule = {
  id: 'diff-configuration',
  severity: 'information',
  severityReason: 'The rest of the diff may do without it.',
  summary: 'Changes the configuration: Kconfig or a defconfig.',
  kernel: 'A livepatch is built for the configuration that the running kernel was built with, and does not change it.',
  evidence: 'kernel source',
  check({ diff }) {
    return diff.files.flatMap(({ path, pathSpan }) => {
      if (!/(?:^|\/)Kconfig(?:[.-](?!rst$)[\w.-]+)?$|(?:^|[/_])defconfig$/.test(path)) return [];
      const message = `${path} is configuration. That of the running kernel does not change.`;
      return [{ range: spanRange(diff, pathSpan), message }];
    });
  },
};
