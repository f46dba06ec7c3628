import type { HostToPanel } from '../../shared/src/panel-messages.ts';
import { App } from './app.ts';
import { host } from './host.ts';

/** Entry of the simulation panel's page: see panel-messages.ts for what it and its host say to each other. */
const root = document.getElementById('panel');
if (root !== null) {
  const app = new App(root, host.getState());
  window.addEventListener('message', (event: MessageEvent<HostToPanel>) => app.receive(event.data));
  new MutationObserver(() => app.restyle()).observe(document.body, { attributeFilter: ['class', 'style'] });
  window.addEventListener('error', (event) => host.postMessage({ type: 'failed', message: event.message }));
  window.addEventListener('unhandledrejection', (event) =>
    host.postMessage({ type: 'failed', message: String(event.reason) }),
  );
  host.postMessage({ type: 'ready' });
}
