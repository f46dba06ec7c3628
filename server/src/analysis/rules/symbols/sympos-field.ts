import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { TextEdit } from '../../rule.ts';
import { insertAt, removeField, replaceText } from '../edits.ts';
import type { Target } from '../targets.ts';

/** Writes another `.old_sympos`, behind `.old_name` when there is none yet. Null when fields are set by their place. */
export function setSympos(target: Target, position: number): TextEdit | null {
  const { fields } = target.func;
  const written = fields.find(({ name }) => name === 'old_sympos');
  if (written) return replaceText(written.valueRange, String(position));
  const name = fields.find((field) => field.name === 'old_name');
  if (!name || fields.some(({ positional }) => positional)) return null;
  return insertAt(name.valueRange.file, name.valueRange.end, `, .old_sympos = ${position}`);
}

/** Takes `.old_sympos` out. */
export function removeSympos(module: LivepatchModule, target: Target): TextEdit | null {
  const written = target.func.fields.find(({ name, positional }) => name === 'old_sympos' && !positional);
  return written ? removeField(module, written.nameRange, written.valueRange) : null;
}
