import { type Connection, DidChangeConfigurationNotification, MessageType } from 'vscode-languageserver';
import type { ClientAbilities } from './client-abilities.ts';
import { showMessage } from './messages.ts';
import { type ReadSettings, readSettings } from './settings.ts';

/** Keeps the settings the same as the client's. */
export class SettingsSync {
  private readonly connection: Connection;
  private readonly client: ClientAbilities;
  private readonly changed: (settings: ReadSettings) => void;
  private told = '';
  private fetches = 0;

  constructor(connection: Connection, client: ClientAbilities, changed: (settings: ReadSettings) => void) {
    this.connection = connection;
    this.client = client;
    this.changed = changed;
  }

  /** After `initialized`: the first settings of a client that has workspace/configuration. Resolves when they are there. */
  async start(): Promise<void> {
    if (!this.client.configuration) return;
    if (this.client.registersConfiguration) {
      await this.connection.client.register(DidChangeConfigurationNotification.type, { section: 'livepatch' });
    }
    await this.fetch();
  }

  /** `workspace/didChangeConfiguration`: the settings themselves, or only that they changed. */
  async didChange(settings: unknown): Promise<void> {
    if (this.client.configuration) return this.fetch();
    const section =
      typeof settings === 'object' && settings !== null && 'livepatch' in settings ? settings.livepatch : settings;
    this.use(section);
  }

  /** Takes a section `livepatch` as it is, says once what is wrong with it. */
  use(section: unknown): void {
    const read = readSettings(section);
    const message = read.problems.join(' ');
    if (message !== '' && message !== this.told)
      showMessage(this.connection, MessageType.Warning, `Kernel Livepatch: ${message}`);
    this.told = message;
    this.changed(read);
  }

  private async fetch(): Promise<void> {
    const number = ++this.fetches;
    const section: unknown = await this.connection.workspace.getConfiguration('livepatch');
    // Answers may overtake each other; the last question counts.
    if (number === this.fetches) this.use(section);
  }
}
