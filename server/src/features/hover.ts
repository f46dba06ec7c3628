import { setTimeout as wait } from 'node:timers/promises';
import type { Hover, HoverParams, MarkupContent, Position } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { type KlpFunc, knownValue, type LivepatchModule, type PatchImage } from '../../../shared/src/model/index.ts';
import type { Forecast } from '../../../shared/src/simulator/forecast-types.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { elementAt, type ModuleElement } from '../analysis/element-at.ts';
import { DEFAULT_KERNEL_VERSION, parseKernelVersion } from '../kernel/version.ts';
import type { IsWanted } from '../workspace/in-slices.ts';
import type { ModuleCheck } from '../workspace/module-checks.ts';
import type { FeatureContext } from './context.ts';
import { callbackHover } from './hover/callback-hover.ts';
import { diffHover } from './hover/diff-hover.ts';
import { fieldHover } from './hover/field-hover.ts';
import { funcHover } from './hover/func-hover.ts';
import { withoutMarkdown } from './hover/markdown.ts';
import { objectHover } from './hover/object-hover.ts';
import { patchHover } from './hover/patch-hover.ts';
import { callHover } from './hover/shadow-hover.ts';
import { sourceFacts } from './hover/source-facts.ts';

/** What the kernel does with the thing under the pointer; null when that has nothing to do with livepatch. */
export async function hover(
  context: FeatureContext,
  { textDocument, position }: HoverParams,
  isWanted: IsWanted,
): Promise<Hover | null> {
  const document = context.documents.get(textDocument.uri);
  if (document && context.diffs.has(textDocument.uri)) return hoverInDiff(context, document, position);
  const check = await context.checks.of(textDocument.uri);
  if (!document || !check) return null;
  const element = elementAt(check.module, textDocument.uri, document.offsetAt(position));
  const range = element && context.documents.range(element.range);
  const markdown = element && (await textFor(context, check, element, textDocument.uri, isWanted));
  if (!element || !markdown) return null;
  return { contents: contentsFor(context, markdown), ...(range && { range }) };
}

/** What the rules behind the findings of a diff's line say. */
function hoverInDiff(context: FeatureContext, document: TextDocument, position: Position): Hover | null {
  const offset = document.offsetAt(position);
  const findings = context.diffs.findingsIn(document.uri);
  const here = findings.filter(({ range }) => range.start <= offset && offset <= range.end);
  const range = here[0] && context.documents.range(here[0].range);
  const markdown = diffHover(here);
  return markdown === null ? null : { contents: contentsFor(context, markdown), ...(range && { range }) };
}

function contentsFor({ client }: FeatureContext, markdown: string): MarkupContent {
  return client.markdown
    ? { kind: 'markdown', value: markdown }
    : { kind: 'plaintext', value: withoutMarkdown(markdown) };
}

async function textFor(
  context: FeatureContext,
  check: ModuleCheck,
  element: ModuleElement,
  uri: string,
  isWanted: IsWanted,
): Promise<string | null> {
  const { simulation, kernelVersion } = context.settings();
  switch (element.kind) {
    case 'patch': {
      const image = check.images.find(({ variable }) => variable === element.patch.name);
      const forecast = image && (await context.forecasts.of(image, simulation, isWanted));
      return forecast ? patchHover(image, forecast, context.client, uri, nearestKernel(context)) : null;
    }
    case 'object':
      return objectHover(element.object);
    case 'func': {
      const workload = workloadById(simulation.workload, simulation.kernel);
      return workload
        ? funcHover(
            check.module,
            element.func,
            workload,
            await forecastOf(context, check, element.func, isWanted),
            context.knowledge(),
            await sourceOf(context, element.func, isWanted),
          )
        : null;
    }
    case 'callback':
      return callbackHover(element.uses, (await forecastOf(context, check, null, isWanted))?.callbacks ?? []);
    case 'field': {
      const kernel = parseKernelVersion(kernelVersion) ?? parseKernelVersion(DEFAULT_KERNEL_VERSION);
      return kernel && fieldHover(check.module, element, kernel);
    }
    case 'call':
      return callHover(check.module, element.call);
  }
}

/** How long a hover waits for the kernel's source to be searched; the next one has it. Milliseconds. */
const SEARCH_PATIENCE = 300;

async function sourceOf(context: FeatureContext, func: KlpFunc, isWanted: IsWanted): Promise<string | null> {
  const name = knownValue(func.oldName);
  const tree = context.sourceTree();
  if (!tree || name === undefined) return null;
  const patience = new AbortController();
  const found = await Promise.race([
    tree.find(name, isWanted),
    wait(SEARCH_PATIENCE, [], { signal: patience.signal }).catch(() => []),
  ]);
  patience.abort();
  return sourceFacts(found, tree.root);
}

/** What to say when the simulator does not know the kernel that the module is for. */
function nearestKernel(context: FeatureContext): string[] {
  const { kernelVersion, simulation } = context.settings();
  if (kernelVersion === simulation.kernel) return [];
  return [`Linux ${kernelVersion} goes as ${simulation.kernel}, the nearest one that the simulator knows.`];
}

/** The forecast of the patch that a function belongs to: of the module's only patch, or of the one whose tables hold it. */
async function forecastOf(
  context: FeatureContext,
  { images, module }: ModuleCheck,
  func: KlpFunc | null,
  isWanted: IsWanted,
): Promise<Forecast | null> {
  const image = images.length === 1 ? images[0] : func && imageWith(images, module, func);
  return image ? context.forecasts.of(image, context.settings().simulation, isWanted) : null;
}

function imageWith(images: readonly PatchImage[], module: LivepatchModule, func: KlpFunc): PatchImage | undefined {
  const patch = module.patches.find(
    ({ objs }) =>
      objs.kind === 'known' &&
      objs.table.entries.some(({ funcs }) => funcs.kind === 'known' && funcs.table.entries.includes(func)),
  );
  return patch && images.find(({ variable }) => variable === patch.name);
}
