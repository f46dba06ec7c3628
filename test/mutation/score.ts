import { checkModule } from '../../server/src/analysis/check.ts';
import { readModule } from '../../server/src/analysis/read-module.ts';
import type { Finding } from '../../server/src/analysis/rule.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import { parseKernelVersion } from '../../server/src/kernel/version.ts';
import { parser } from '../support/parser.ts';
import { type Base, edited, type Fault, type Mutator, mapped } from './mutator.ts';

/** What became of one fault. */
export interface Outcome {
  readonly mutator: Mutator;
  readonly base: string;
  /** `caught`: by its rule, at its place. */
  readonly verdict: 'caught' | 'elsewhere' | 'by others' | 'unseen';
  /** Rules that say something that they did not say of the base. */
  readonly rules: readonly string[];
  readonly text: string;
}

/** The findings of one file; a rule that throws fails whoever asks. */
export function findingsOf({
  file,
  text,
  kernel,
  knowledge,
  source,
}: Pick<Base, 'file' | 'text' | 'kernel' | 'knowledge' | 'source'>): Finding[] {
  const unit = new SourceUnit(parser, file, text);
  const module = readModule([unit], { name: file.replace(/\.c$/, ''), missing: [] });
  const version = parseKernelVersion(kernel);
  if (!version) throw new Error(`${kernel} is no kernel version`);
  return checkModule(module, {
    kernel: { version, knowledge, source },
    severities: {},
    onError(rule, error) {
      throw new Error(`rule ${rule} threw`, { cause: error });
    },
  });
}

const rulesOfBases = new WeakMap<Base, ReadonlySet<string>>();

/** The rules that say something of the base itself. */
function rulesOf(base: Base): ReadonlySet<string> {
  const rules = rulesOfBases.get(base) ?? new Set(findingsOf(base).map(({ rule }) => rule));
  rulesOfBases.set(base, rules);
  return rules;
}

/** Makes a fault in its base and looks who notices. */
export function judge(base: Base, mutator: Mutator, fault: Fault): Outcome {
  const text = edited(base.text, fault.edits);
  const findings = findingsOf({ ...base, text, file: fault.file ?? base.file, kernel: fault.kernel ?? base.kernel });
  const place = mapped(fault.where, fault.edits);
  const own = findings.filter(({ rule }) => rule === mutator.rule);
  const before = rulesOf(base);
  const rules = [...new Set(findings.map(({ rule }) => rule))].filter(
    (rule) => !before.has(rule) || rule === mutator.rule,
  );
  const isThere = own.some(({ range }) => place.start <= range.start && range.start <= place.end);
  const verdict = isThere ? 'caught' : own.length > 0 ? 'elsewhere' : rules.length > 0 ? 'by others' : 'unseen';
  return { mutator, base: base.name, verdict, rules, text };
}
