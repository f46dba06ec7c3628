import type { PatchImage, SourceRange } from '../../shared/src/model/index.ts';
import type { BlockReason } from '../../shared/src/simulator/trace.ts';
import { element } from './dom.ts';

/** A kernel stack, innermost first, with the function marked that is in the way, and links to what the module has of it. */
export function stackList(
  stack: readonly string[],
  reason: BlockReason | null,
  images: readonly PatchImage[],
  reveal: (range: SourceRange) => void,
): HTMLElement {
  const blocks = reason?.kind === 'sleeping-on' ? reason : null;
  const frames = stack.map((name) => {
    const marked = blocks !== null && (name === blocks.function || name === blocks.original);
    return element(
      'li',
      { class: marked ? 'blocks' : '' },
      element('span', { class: 'function' }, name, marked ? element('span', { class: 'faint' }, '  ← patched') : null),
      sourceLink(images, name, reveal),
    );
  });
  return element('ol', { class: 'stack' }, ...frames);
}

function sourceLink(
  images: readonly PatchImage[],
  name: string,
  reveal: (range: SourceRange) => void,
): HTMLElement | null {
  for (const image of images) {
    for (const object of image.objects) {
      for (const func of object.funcs) {
        const range = func.newFunc === name ? (func.newFuncSource ?? func.source) : func.source;
        if ((func.oldName !== name && func.newFunc !== name) || range === null) continue;
        return element(
          'button',
          {
            type: 'button',
            class: 'link',
            title: `Go to ${func.oldName} in the source`,
            onclick: () => reveal(range),
          },
          `${fileName(range.file)} ↗`,
        );
      }
    }
  }
  return null;
}

function fileName(file: string): string {
  return decodeURIComponent(file.slice(file.lastIndexOf('/') + 1));
}
