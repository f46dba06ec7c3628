import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import { imageWithReturns } from '../../../server/src/scenario/image-returns.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { type Played, play } from '../../../shared/src/scenario/play.ts';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { read } from '../../support/check.ts';
import { livepatchText } from './livepatch-source.ts';
import { type Story, scenarioOf } from './story.ts';

/**
 * What the simulator does with a story at the times at which a kernel did it. The patches are what our analysis reads out
 * of the C text that the kernel was given.
 */
export function playStory(story: Story, kernel: Pick<ScenarioRecord, 'kernel' | 'steps'>): Played {
  const images = new Map<string, PatchImage>();
  const imageOf = (name: string): PatchImage => {
    const known = images.get(name);
    if (known) return known;
    const sketch = story.patches[name];
    if (!sketch) throw new Error(`${story.name} has no patch ${name}`);
    const [image] = patchImages(read({ [`${name}.c`]: livepatchText(name, sketch) }));
    if (!image) throw new Error(`the analysis saw no klp_patch in ${name}`);
    images.set(name, image);
    return image;
  };
  return play(scenarioOf(story), {
    kernel: kernel.kernel,
    imageOf: ({ module, returns }) => imageWithReturns(imageOf(module), returns),
    times: kernel.steps,
  });
}
