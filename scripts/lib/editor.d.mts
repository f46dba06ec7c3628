import type { ChildProcess } from 'node:child_process';

export interface Editor {
  /** Host and port. */
  readonly address: string;
  readonly child: ChildProcess;
  /** The last 20,000 characters that the server printed. */
  readonly output: () => string;
  readonly stop: () => void;
}

export interface EditorOptions {
  readonly data: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly testDriver?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export function installEditor(root: string): Promise<void>;
export function startEditor(root: string, options: EditorOptions): Promise<Editor>;
export function installVsix(root: string, options: { readonly data: string; readonly vsix: string }): Promise<void>;
export function windowUrl(address: string, folder: string, payload?: readonly (readonly [string, string])[]): string;
export function remoteUri(address: string, path: string): string;
