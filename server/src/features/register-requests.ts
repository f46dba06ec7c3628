import { type Connection, DocumentDiagnosticRequest, LSPErrorCodes, ResponseError } from 'vscode-languageserver';
import {
  IMAGES_REQUEST,
  type ImagesParams,
  type ImagesResult,
  LOCATE_REQUEST,
  type LocateParams,
  type LocateResult,
} from '../../../shared/src/protocol.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses, resolveCodeLens } from './code-lens.ts';
import { completion } from './completion.ts';
import type { FeatureContext } from './context.ts';
import { definition } from './definition.ts';
import { diagnosticReport } from './diagnostics.ts';
import { documentSymbols } from './document-symbols.ts';
import { foldingRanges } from './folding.ts';
import { hover } from './hover.ts';
import { images, locate } from './images.ts';
import { type RequestHost, requestHandler } from './run-request.ts';

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
    requestHandler('definition', host, { fallback: [] }, async (params) => definition(await context(), params)),
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
  connection.onRequest(
    IMAGES_REQUEST,
    requestHandler<ImagesParams, ImagesResult | null>('images', host, { fallback: null }, async ({ textDocument }) =>
      images(await context(), textDocument.uri),
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
