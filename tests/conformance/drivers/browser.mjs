// A browser, driven line by line: each line of standard input is a command, each of standard output its answer, as JSON.
//
//   {"call": "ask", "with": {...}}   a function of the page; answers {"is": ...}
//   {"replies": true}                answers {"is": [{"method", "url", "status", "headers", "asked", "body"}]}, and forgets them
//
// The first line says {"program", "profile", "page"}: Chromium, an empty folder for it, and the page's address.

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { program, profile, page: address } = JSON.parse((await lines.next()).value);
const context = await chromium.launchPersistentContext(profile, {
  executablePath: program,
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
let replies = [];

page.on('response', (response) => replies.push(noted(response)));

async function noted(response) {
  const request = response.request();
  const url = new URL(response.url());
  return {
    origin: url.origin,
    url: url.pathname + url.search,
    method: request.method(),
    status: response.status(),
    asked: await request.allHeaders(),
    headers: await response.allHeaders(),
    body: response.status() >= 400 ? await response.text().catch(() => '') : '',
  };
}

async function answered(command) {
  if (command.replies) {
    const all = replies;
    replies = [];
    return Promise.all(all);
  }
  return page.evaluate(([name, options]) => window.conformance[name](options), [command.call, command.with ?? {}]);
}

await page.goto(address);
process.stdout.write('{"is":"ready"}\n');
for await (const line of lines) {
  const reply = await answered(JSON.parse(line)).then(
    (is) => ({ is: is ?? null }),
    (error) => ({ failed: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await context.close();
