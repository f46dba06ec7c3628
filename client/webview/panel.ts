import type { HostToPanel } from '../../shared/src/panel-messages.ts';
import { App } from './app.ts';
import { host } from './host.ts';

/** Entry of the simulation panel's page: see panel-messages.ts for what it and its host say to each other. */
const root = document.getElementById('panel');
if (root !== null) {
  const kept = host.getState();
  const app = new App(root, kept);
  window.addEventListener('message', (event: MessageEvent<HostToPanel>) => app.receive(event.data));
  // VS Code sets the kind of theme on the body, and its colours on the root.
  const themes = new MutationObserver(() => app.restyle());
  themes.observe(document.body, { attributeFilter: ['class'] });
  themes.observe(document.documentElement, { attributeFilter: ['style'] });
  window.addEventListener('error', (event) => host.postMessage({ type: 'failed', message: event.message }));
  window.addEventListener('unhandledrejection', (event) =>
    host.postMessage({ type: 'failed', message: String(event.reason) }),
  );
  host.postMessage({ type: 'ready' });
  if (kept !== undefined) app.restore(kept);
}
