// The page that our tests drive in a browser: the web SDK and its OFREP provider, on an origin that isn't the server's.

import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { ask } from './ask.mjs';

const events = [];
const heard = [];
let stream;

for (const kind of [ProviderEvents.ConfigurationChanged, ProviderEvents.Stale, ProviderEvents.Error]) {
  OpenFeature.addHandler(kind, (said) => events.push({ kind, flags: said?.flagsChanged ?? [], message: said?.message ?? '' }));
}

window.conformance = {
  // Start the provider; says the code of the error where it doesn't start.
  async open({ options, context }) {
    events.length = 0;
    await OpenFeature.setContext(context);
    try {
      await OpenFeature.setProviderAndWait(new OFREPWebProvider(options));
      return { error: null };
    } catch (error) {
      return { error: error.code ?? String(error) };
    }
  },

  // Every case in turn, in its own context.
  async askAll({ cases }) {
    const answers = {};
    for (const question of cases) {
      await OpenFeature.setContext(question.context);
      answers[question.name] = await ask(OpenFeature.getClient(), question);
    }
    return answers;
  },

  // One case, in the context as it is.
  ask: ({ question }) => ask(OpenFeature.getClient(), question),

  setContext: ({ context }) => OpenFeature.setContext(context),

  // What the provider told the application, so far.
  events: () => events,

  close: () => OpenFeature.clearProviders(),

  // A page that becomes visible again makes the provider ask for news.
  becomeVisible: () => document.dispatchEvent(new Event('visibilitychange')),

  // Listen without the provider.
  async listen({ url }) {
    heard.length = 0;
    stream = new EventSource(url);
    stream.addEventListener('message', (event) => heard.push({ id: event.lastEventId, type: event.type, data: event.data }));
    await new Promise((resolve, reject) => {
      stream.addEventListener('open', resolve, { once: true });
      stream.addEventListener('error', reject, { once: true });
    });
  },

  heard: () => heard,

  hangUp: () => stream.close(),
};
