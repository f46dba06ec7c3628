import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { pageHtml } from '../../client/src/panel/page.ts';
import type { HostToPanel, PanelState, PanelToHost } from '../../shared/src/panel-messages.ts';
import { launchChromium } from '../vscode/chromium.mjs';

/**
 * The panel's page in a browser without VS Code: built from its sources, served with the same content security policy,
 * with a fake acquireVsCodeApi() that notes what the page says.
 */

export type ThemeName = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What the page kept before. */
  readonly state?: PanelState;
}

export interface PanelPage {
  readonly page: Page;
  /** What the page said so far, oldest first. */
  readonly said: PanelToHost[];
  /** Errors of the page, its console and its content security policy. */
  readonly errors: string[];
  post(message: HostToPanel): Promise<void>;
  /** What the page keeps now. */
  state(): Promise<PanelState>;
  close(): Promise<void>;
}

/** What VS Code sets on the page, for its own four themes. */
const THEMES: { readonly [name in ThemeName]: { readonly classes: string; readonly colors: Record<string, string> } } =
  {
    dark: {
      classes: 'vscode-dark',
      colors: {
        foreground: '#cccccc',
        'editor-background': '#1f1f1f',
        'sideBar-background': '#181818',
        'panel-border': '#2b2b2b',
        descriptionForeground: '#9d9d9d',
        'editorCursor-foreground': '#aeafad',
        'button-background': '#0078d4',
        'dropdown-background': '#313131',
        'button-secondaryBackground': '#313131',
      },
    },
    light: {
      classes: 'vscode-light',
      colors: {
        foreground: '#3b3b3b',
        'editor-background': '#ffffff',
        'sideBar-background': '#f8f8f8',
        'panel-border': '#e5e5e5',
        descriptionForeground: '#3b3b3b',
        'editorCursor-foreground': '#000000',
        'textLink-foreground': '#005fb8',
        'button-background': '#005fb8',
        'dropdown-background': '#ffffff',
        'dropdown-border': '#cecece',
        'button-secondaryBackground': '#e5e5e5',
        'list-inactiveSelectionBackground': '#e4e6f1',
        'editorHoverWidget-background': '#f8f8f8',
        'editorWidget-background': '#f8f8f8',
      },
    },
    'high-contrast': {
      classes: 'vscode-high-contrast',
      colors: {
        foreground: '#ffffff',
        'editor-background': '#000000',
        'sideBar-background': '#000000',
        contrastBorder: '#6fc3df',
        contrastActiveBorder: '#f38518',
        focusBorder: '#f38518',
        'textLink-foreground': '#21a6ff',
        'dropdown-background': '#000000',
        'button-background': '#000000',
        'button-secondaryBackground': '#000000',
        'list-inactiveSelectionBackground': '#000000',
      },
    },
    'high-contrast-light': {
      classes: 'vscode-high-contrast vscode-high-contrast-light',
      colors: {
        foreground: '#292929',
        'editor-background': '#ffffff',
        'sideBar-background': '#ffffff',
        contrastBorder: '#0f4a85',
        contrastActiveBorder: '#006bbd',
        focusBorder: '#006bbd',
        'textLink-foreground': '#0f4a85',
        'dropdown-background': '#ffffff',
        'button-background': '#0f4a85',
        'button-secondaryBackground': '#ffffff',
        'list-inactiveSelectionBackground': '#ffffff',
      },
    },
  };

/** A browser and a server for the page. */
export class PanelHarness {
  private readonly browser: Browser;
  private readonly server: Server;
  private readonly origin: string;

  private constructor(browser: Browser, server: Server) {
    this.browser = browser;
    this.server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<PanelHarness> {
    const files = await buildPage();
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const file = files.get(url.pathname);
      if (file !== undefined) {
        response.writeHead(200, { 'content-type': url.pathname.endsWith('.css') ? 'text/css' : 'text/javascript' });
        response.end(file);
      } else if (url.pathname === '/theme.css') {
        response.writeHead(200, { 'content-type': 'text/css' });
        response.end(themeStyle((url.searchParams.get('name') ?? 'dark') as ThemeName));
      } else if (url.pathname === '/') {
        const theme = (url.searchParams.get('theme') ?? 'dark') as ThemeName;
        const cspSource = `http://${request.headers.host}`;
        const html = pageHtml({ script: '/panel.js', style: '/style.css', cspSource, nonce: 'bm9uY2U' });
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end(
          html
            .replace('</head>', `<link rel="stylesheet" href="/theme.css?name=${theme}"></head>`)
            .replace('<body>', `<body class="${THEMES[theme].classes}">`),
        );
      } else {
        response.writeHead(url.pathname === '/favicon.ico' ? 204 : 404).end();
      }
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new PanelHarness(await launchChromium(), server);
  }

  async open(options: OpenOptions = {}): Promise<PanelPage> {
    const { theme = 'dark', width = 1280, height = 800, state } = options;
    const context = await this.browser.newContext({ viewport: { width, height } });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const said: PanelToHost[] = [];
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      // The tests' own reading of pixels is no fault of the page.
      const faulty = ['error', 'warning'].includes(message.type()) && !message.text().includes('willReadFrequently');
      if (faulty) errors.push(message.text());
    });
    await page.exposeFunction('said', (message: PanelToHost) => said.push(message));
    await page.addInitScript(fakeHost, state ?? null);
    await page.goto(`${this.origin}/?theme=${theme}`);
    return {
      page,
      said,
      errors,
      post: (message) => page.evaluate(`postMessage(${JSON.stringify(message)})`),
      state: () => page.evaluate('window.keptState') as Promise<PanelState>,
      close: () => context.close(),
    };
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.server.close(done));
  }
}

/** VS Code sets these on the page's root. */
function themeStyle(theme: ThemeName): string {
  const variables = Object.entries(THEMES[theme].colors).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `html { ${variables.join(' ')} }`;
}

/** Runs in the page before anything else. */
function fakeHost(state: PanelState | null): void {
  const page = globalThis as unknown as {
    keptState: PanelState | undefined;
    said(message: PanelToHost): void;
    acquireVsCodeApi: unknown;
  };
  page.keptState = state ?? undefined;
  page.acquireVsCodeApi = () => ({
    postMessage: (message: PanelToHost) => page.said(message),
    getState: () => page.keptState,
    setState: (kept: PanelState) => {
      page.keptState = structuredClone(kept);
    },
  });
}

async function buildPage(): Promise<Map<string, string>> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: { panel: 'client/webview/panel.ts', style: 'client/webview/panel.css' },
    outdir: 'out',
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  return new Map(outputFiles.map((file) => [file.path.slice(file.path.lastIndexOf('/')), file.text]));
}
