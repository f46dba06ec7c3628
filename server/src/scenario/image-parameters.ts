import type { LivepatchModule, PatchImage } from '../../../shared/src/model/index.ts';

/**
 * The image of a module that is loaded with parameters: a pre_patch that returns one of them returns its value.
 *
 * @param returns what pre_patch returns by object, where the scenario says it: that wins
 */
export function imageWithParameters(
  image: PatchImage,
  module: LivepatchModule,
  parameters: ReadonlyMap<string, string>,
  returns: ReadonlyMap<string, number>,
): PatchImage {
  const objects = image.objects.map((object) => {
    const callback = object.callbacks.pre_patch;
    if (!callback) return object;
    const value = returns.get(object.name ?? 'vmlinux') ?? parameterValue(module, callback.function, parameters);
    if (value === null) return object;
    const { returnsParameter: _decided, ...rest } = callback;
    const pre_patch = { ...rest, returns: value, returnKnown: true };
    return { ...object, callbacks: { ...object.callbacks, pre_patch } };
  });
  return { ...image, objects };
}

/** The value that all return statements of a function agree on when the parameters are known; null when there is none. */
function parameterValue(module: LivepatchModule, name: string, parameters: ReadonlyMap<string, string>): number | null {
  const definition = module.functions.find((each) => each.name === name);
  const values = (definition?.returns ?? []).map(({ value, text }) => {
    if (value.kind === 'known') return value.value;
    const given = /^(?:return\b)?[\s(]*(\w+)[\s);]*$/.exec(text)?.[1];
    const parameter = given === undefined ? undefined : parameters.get(given);
    return parameter === undefined || !/^-?\d+$/.test(parameter) ? null : Number(parameter);
  });
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : null;
}
