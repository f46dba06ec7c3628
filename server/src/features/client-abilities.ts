import type { InitializeParams } from 'vscode-languageserver';
import type { PictureTheme } from '../../../shared/src/picture/palette.ts';
import type { InitializationOptions } from '../../../shared/src/protocol.ts';

/** What the client said it can do. Nothing is sent to a client that did not say it understands it. */
export interface ClientAbilities {
  /** Asks for diagnostics itself: then nothing is pushed, or it would show every finding twice. */
  readonly pullDiagnostics: boolean;
  readonly refreshDiagnostics: boolean;
  readonly relatedInformation: boolean;
  readonly diagnosticLinks: boolean;
  readonly configuration: boolean;
  readonly registersConfiguration: boolean;
  /** Can watch one folder without what is below it: wider watches are expensive in a kernel tree. */
  readonly watchesFolders: boolean;
  readonly workspaceFolders: boolean;
  readonly refreshCodeLenses: boolean;
  readonly refreshInlayHints: boolean;
  readonly markdown: boolean;
  readonly snippets: boolean;
  readonly versionedEdits: boolean;
  readonly preferredActions: boolean;
  readonly nestedSymbols: boolean;
  readonly lineFoldingOnly: boolean;
  readonly locationLinks: boolean;
  /** Those below are what our own client says in its initializationOptions. */
  readonly livepatchClient: boolean;
  readonly simulateCommand: boolean;
  readonly verifyCommand: boolean;
  readonly richHover: boolean;
  readonly theme: PictureTheme;
}

const THEMES: readonly PictureTheme[] = ['dark', 'light', 'high-contrast', 'high-contrast-light'];

export function clientAbilities(params: InitializeParams): ClientAbilities {
  const { textDocument, workspace } = params.capabilities;
  const options = initializationOptions(params);
  return {
    pullDiagnostics: textDocument?.diagnostic !== undefined,
    refreshDiagnostics: workspace?.diagnostics?.refreshSupport === true,
    relatedInformation: textDocument?.publishDiagnostics?.relatedInformation === true,
    diagnosticLinks: textDocument?.publishDiagnostics?.codeDescriptionSupport === true,
    configuration: workspace?.configuration === true,
    registersConfiguration: workspace?.didChangeConfiguration?.dynamicRegistration === true,
    watchesFolders:
      workspace?.didChangeWatchedFiles?.dynamicRegistration === true &&
      workspace.didChangeWatchedFiles.relativePatternSupport === true,
    workspaceFolders: workspace?.workspaceFolders === true,
    refreshCodeLenses: workspace?.codeLens?.refreshSupport === true,
    refreshInlayHints: workspace?.inlayHint?.refreshSupport === true,
    markdown: textDocument?.hover?.contentFormat?.includes('markdown') === true,
    snippets: textDocument?.completion?.completionItem?.snippetSupport === true,
    versionedEdits: workspace?.workspaceEdit?.documentChanges === true,
    preferredActions: textDocument?.codeAction?.isPreferredSupport === true,
    nestedSymbols: textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true,
    lineFoldingOnly: textDocument?.foldingRange?.lineFoldingOnly === true,
    locationLinks: textDocument?.definition?.linkSupport === true,
    livepatchClient: options.livepatchClient === true,
    simulateCommand: options.simulateCommand === true,
    verifyCommand: options.verifyCommand === true,
    richHover: options.richHover === true,
    theme: THEMES.find((theme) => theme === options.theme) ?? 'dark',
  };
}

/** Whatever the client sent there; its fields are still to be checked. */
export function initializationOptions(params: InitializeParams): Partial<InitializationOptions> {
  const options: unknown = params.initializationOptions;
  return typeof options === 'object' && options !== null ? options : {};
}
