import { type Connection, DocumentDiagnosticRequest, LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import {
  COMPARE_REQUEST,
  type CompareParams,
  type CompareResult,
  IMAGES_REQUEST,
  type ImagesParams,
  type ImagesResult,
  LOCATE_REQUEST,
  type LocateParams,
  type LocateResult,
  RECORDED_WORKLOAD_REQUEST,
  type RecordedWorkloadParams,
  type RecordedWorkloadResult,
  WORKSPACE_IMAGES_REQUEST,
  WORKSPACE_REQUEST,
  type WorkspaceImagesResult,
  type WorkspaceResult,
} from '../../../shared/src/protocol.ts';
import { incomingCalls, outgoingCalls, prepareCallHierarchy } from './call-hierarchy.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses, resolveCodeLens } from './code-lens.ts';
import { compare } from './compare.ts';
import { completion } from './completion.ts';
import type { FeatureContext } from './context.ts';
import { definition } from './definition.ts';
import { diagnosticReport } from './diagnostics.ts';
import { documentSymbols } from './document-symbols.ts';
import { foldingRanges } from './folding.ts';
import { hover } from './hover.ts';
import { images, locate } from './images.ts';
import { inlayHints } from './inlay-hints.ts';
import { recordedWorkload } from './recorded-workload.ts';
import { type RequestHost, requestHandler } from './run-request.ts';
import { workspace } from './workspace.ts';
import { workspaceImages } from './workspace-images.ts';
import { workspaceSymbols } from './workspace-symbols.ts';

/**
 * Connects each request with its feature. `context` resolves when the settings are known; `didPull` is told of each pull
 * of diagnostics.
 */
export function registerRequests(
  connection: Connection,
  host: RequestHost,
  context: () => Promise<FeatureContext>,
  didPull: () => void,
): void {
  connection.onHover(
    requestHandler('hover', host, { fallback: null }, async (params, isWanted) =>
      hover(await context(), params, isWanted),
    ),
  );
  connection.onCompletion(
    requestHandler('completion', host, { fallback: [] }, async (params) => completion(await context(), params)),
  );
  connection.onDefinition(
    requestHandler('definition', host, { fallback: [] }, async (params, isWanted) =>
      definition(await context(), params, isWanted),
    ),
  );
  connection.onDocumentSymbol(
    requestHandler('documentSymbol', host, { fallback: [] }, async ({ textDocument }) =>
      documentSymbols(await context(), textDocument.uri),
    ),
  );
  connection.onFoldingRanges(
    requestHandler('foldingRange', host, { fallback: [] }, async ({ textDocument }) =>
      foldingRanges(await context(), textDocument.uri),
    ),
  );
  connection.onCodeAction(
    requestHandler('codeAction', host, { fallback: [] }, async (params) => codeActions(await context(), params)),
  );
  connection.onCodeLens(
    requestHandler('codeLens', host, { fallback: [] }, async ({ textDocument }) =>
      codeLenses(await context(), textDocument.uri),
    ),
  );
  connection.onCodeLensResolve(
    requestHandler('codeLens/resolve', host, { fallback: { range: NOWHERE } }, async (lens, isWanted) =>
      resolveCodeLens(await context(), lens, isWanted),
    ),
  );
  connection.onRequest(
    DocumentDiagnosticRequest.type,
    requestHandler(
      'diagnostic',
      host,
      { fallback: { kind: 'full', items: [] }, outdated: askAgain },
      async ({ textDocument, previousResultId }) => {
        didPull();
        return diagnosticReport(await context(), textDocument.uri, previousResultId);
      },
    ),
  );
  connection.languages.inlayHint.on(
    requestHandler('inlayHint', host, { fallback: [] }, async (params) => inlayHints(await context(), params)),
  );
  connection.onWorkspaceSymbol(
    requestHandler('workspaceSymbol', host, { fallback: [] }, async ({ query }, isWanted) =>
      workspaceSymbols(await context(), query, isWanted),
    ),
  );
  connection.languages.callHierarchy.onPrepare(
    requestHandler('prepareCallHierarchy', host, { fallback: null }, async (params) =>
      prepareCallHierarchy(await context(), params),
    ),
  );
  connection.languages.callHierarchy.onIncomingCalls(
    requestHandler('incomingCalls', host, { fallback: [] }, async ({ item }) => incomingCalls(await context(), item)),
  );
  connection.languages.callHierarchy.onOutgoingCalls(
    requestHandler('outgoingCalls', host, { fallback: [] }, async ({ item }) => outgoingCalls(await context(), item)),
  );
  connection.onRequest(
    WORKSPACE_REQUEST,
    requestHandler<object, WorkspaceResult>(
      'workspace',
      host,
      { fallback: { modules: [], conflicts: [], note: 'The workspace could not be read.' } },
      async (_params, isWanted) => workspace(await context(), isWanted),
    ),
  );
  connection.onRequest(
    WORKSPACE_IMAGES_REQUEST,
    requestHandler<object, WorkspaceImagesResult>(
      'workspaceImages',
      host,
      { fallback: { images: [], note: 'The workspace could not be read.' } },
      async (_params, isWanted) => workspaceImages(await context(), isWanted),
    ),
  );
  connection.onRequest(
    IMAGES_REQUEST,
    requestHandler<ImagesParams, ImagesResult | null>('images', host, { fallback: null }, async ({ textDocument }) =>
      images(await context(), textDocument.uri),
    ),
  );
  connection.onRequest(
    COMPARE_REQUEST,
    requestHandler<CompareParams, CompareResult>('compare', host, { fallback: null }, async (params, isWanted) =>
      compare(await context(), params, isWanted),
    ),
  );
  connection.onRequest<RecordedWorkloadResult, void>(
    RECORDED_WORKLOAD_REQUEST,
    requestHandler<RecordedWorkloadParams, RecordedWorkloadResult>(
      'recordedWorkload',
      host,
      { fallback: { ok: false, why: 'The server could not read it. Its log says why.' } },
      async (params) => recordedWorkload(params),
    ),
  );
  connection.onRequest(
    LOCATE_REQUEST,
    requestHandler<LocateParams, LocateResult>('locate', host, { fallback: null }, async (params) =>
      locate(await context(), params),
    ),
  );
}

const NOWHERE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** What LSP has for diagnostics instead of `ContentModified`: the client pulls again. */
function askAgain(): ResponseError<unknown> {
  return new ResponseError(LSPErrorCodes.ServerCancelled, 'The document was edited in the meantime', {
    retriggerRequest: true,
  });
}
