import type { PanelToHost } from '../../shared/src/panel-messages.ts';
import type { StatusParams } from '../../shared/src/protocol.ts';
import type { ScenarioOutcome } from './scenarios/scenario-tests.ts';

/**
 * `off` until a document that uses livepatch is opened; `stopped` when it stopped too often (or could not be started)
 * and waits for "Restart Server".
 */
export type ServerState = 'off' | 'starting' | 'running' | 'stopped';

/** What activate() returns, for tests and for other extensions. Read-only: commands are the way to do something. */
export interface ExtensionApi {
  readonly version: string;
  readonly server: {
    readonly state: ServerState;
    /** Of the server's process while it runs. */
    readonly pid: number | undefined;
    /** How often the server was started again after it died by itself. */
    readonly restarts: number;
    readonly problem: string | null;
    /** The server's last status notification. */
    readonly status: StatusParams | null;
  };
  /** URIs of the open documents that the server is told about. */
  readonly documents: readonly string[];
  /** First lines of the view "Livepatches", as last shown. */
  modules(): readonly string[];
  /** How the last run of each scenario went. */
  readonly scenarios: ReadonlyMap<string, ScenarioOutcome>;
  readonly panels: readonly {
    readonly uri: string | null;
    readonly title: string;
    /** What the page said, oldest first; the last 200 messages. */
    readonly messages: readonly PanelToHost[];
  }[];
}
