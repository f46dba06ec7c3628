import { CALLBACK_NAMES, type KlpObject, knownValue } from '../../../../shared/src/model/index.ts';
import { functionsText, objectText } from './func-hover.ts';
import { code, list } from './markdown.ts';

/** An entry of an objs table: what is patched, when, and which callbacks it has. */
export function objectHover(object: KlpObject): string {
  const callbacks = CALLBACK_NAMES.filter((name) => object.callbacks[name].kind !== 'absent');
  const parts = [`**${objectText(object)}: ${functionsText(object)}**`];
  const name = knownValue(object.name);
  if (typeof name === 'string') {
    parts.push(
      `Patched when the livepatch is enabled, if the module ${code(name)} is loaded by then, else when that is loaded. A livepatch takes no reference on it: it can be removed at any time.`,
    );
  } else if (object.name.kind !== 'unknown') {
    parts.push('The kernel itself: patched when the livepatch is enabled.');
  }
  if (callbacks.length > 0) parts.push(`Its callbacks: ${list(callbacks.map((callback) => code(callback)))}.`);
  return parts.join('\n\n');
}
