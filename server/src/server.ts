import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startSession } from './features/session.ts';
import { loadParser } from './workspace/load-parser.ts';
import { packageVersion } from './workspace/package-version.ts';

/**
 * The language server as a process of its own: `--stdio`, `--node-ipc`, `--socket=PORT` or `--pipe=NAME` say over what the
 * client talks to it. The two wasm files of the parser lie beside this bundle.
 */
function main(): void {
  // The client went away without a word: there is nobody left to tell.
  process.stdout.on('error', () => process.exit(1));
  const parser = loadParser(__dirname);
  const connection = createConnection(ProposedFeatures.all);
  // Such as a message that could not be sent any more: worth a line in the log, not the end of the server.
  process.on('unhandledRejection', (error) => connection.console.error(`Unhandled: ${error}`));
  startSession(connection, { parser, version: packageVersion(__dirname), folder: __dirname });
}

main();
