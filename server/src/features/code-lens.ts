import type { CodeLens, Command } from 'vscode-languageserver';
import { SIMULATE_COMMAND, VERIFY_COMMAND } from '../../../shared/src/protocol.ts';
import type { IsWanted } from '../workspace/in-slices.ts';
import type { FeatureContext } from './context.ts';

/** What a lens needs to be resolved. */
interface LensData {
  readonly uri: string;
  readonly variable: string;
}

/**
 * A lens over each klp_patch of the document; the text comes with the resolving, since it takes a simulation. Over the only
 * one a second lens, where the client can have it verified.
 */
export async function codeLenses(context: FeatureContext, uri: string): Promise<CodeLens[]> {
  if (!context.settings().codeLens) return [];
  const check = await context.checks.of(uri);
  const patches = check?.module.patches ?? [];
  return patches.flatMap((patch): CodeLens[] => {
    const range = patch.nameRange.file === uri ? context.documents.range(patch.nameRange) : null;
    const data: LensData = { uri, variable: patch.name };
    if (!range) return [];
    const verify = { title: '$(vm-running) Verify on a real kernel', command: VERIFY_COMMAND, arguments: [uri] };
    const verifiable = context.client.verifyCommand && patches.length === 1;
    return [{ range, data }, ...(verifiable ? [{ range, command: verify }] : [])];
  });
}

/** The forecast in a line; a click opens the simulation where the client has one. */
export async function resolveCodeLens(context: FeatureContext, lens: CodeLens, isWanted: IsWanted): Promise<CodeLens> {
  const data: unknown = lens.data;
  if (!isLensData(data)) return lens;
  const check = await context.checks.of(data.uri);
  const image = check?.images.find(({ variable }) => variable === data.variable);
  const forecast = image && (await context.forecasts.of(image, context.settings().simulation, isWanted));
  if (!forecast) return { ...lens, command: { title: 'No forecast: the patch is not here any more', command: '' } };
  const title = `${forecast.headline} (Linux ${forecast.kernel}, ${forecast.workload.title})`;
  const command: Command = context.client.simulateCommand
    ? { title: `$(play) ${title}`, command: SIMULATE_COMMAND, arguments: [data.uri, data.variable] }
    : { title, command: '' };
  return { ...lens, command };
}

function isLensData(data: unknown): data is LensData {
  if (typeof data !== 'object' || data === null || !('uri' in data) || !('variable' in data)) return false;
  return typeof data.uri === 'string' && typeof data.variable === 'string';
}
