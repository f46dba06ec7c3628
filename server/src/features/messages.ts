import { type Connection, type MessageType, ShowMessageNotification } from 'vscode-languageserver';

/**
 * Shows a message to the user, who need not answer. The library's own showErrorMessage() is a request, which not every
 * client knows.
 */
export function showMessage(connection: Connection, type: MessageType, message: string): void {
  void connection.sendNotification(ShowMessageNotification.type, { type, message });
}
