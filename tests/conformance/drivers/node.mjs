// The Node provider, asked by our tests: cases come in on standard input, answers go out on standard output, as JSON.
//
//   in:  {"address": "...", "headers": [["X-API-Key", "..."]], "times": 1,
//         "cases": [{"name", "flag", "kind", "default", "context"}]}
//   out: {"answers": {name: details}, "replies": [{"url", "status", "body"}]}

import { text } from 'node:stream/consumers';
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { ask } from './ask.mjs';

const { address, headers, cases, times } = JSON.parse(await text(process.stdin));
const replies = [];

async function heard(request, options) {
  const reply = await fetch(request, options);
  const url = new URL(reply.url);
  replies.push({ url: url.pathname + url.search, status: reply.status, body: await reply.clone().text() });
  return reply;
}

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: address, headers, fetchImplementation: heard }));
const client = OpenFeature.getClient();
const answers = {};
const answer = async (question) => { answers[question.name] = await ask(client, question, question.context); };
await Promise.all(cases.flatMap((question) => Array.from({ length: times }, () => answer(question))));
await OpenFeature.close();
process.stdout.write(JSON.stringify({ answers, replies }));
