import type { PanelState, PanelToHost } from '../../shared/src/panel-messages.ts';

/** What VS Code gives to a page in a webview. */
interface VsCodeApi {
  postMessage(message: PanelToHost): void;
  getState(): PanelState | undefined;
  setState(state: PanelState): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** May be asked for once in a page's life. */
export const host: VsCodeApi = acquireVsCodeApi();
