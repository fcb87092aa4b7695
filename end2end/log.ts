// The log of a whole run has none of the secrets that the run used.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Request } from '@playwright/test';

const target = fileURLToPath(new URL('../target', import.meta.url));
/** What the shop that most tests visit has logged. */
export const LOG = `${target}/end2end-shop.log`;
const SECRETS = `${target}/end2end-secrets.txt`;

/** Before the first test. */
export function forgetSecrets() {
  writeFileSync(SECRETS, '');
}

/** Remembers a secret, if it is long enough to be told from other words. */
export function keepSecret(secret: unknown) {
  if (typeof secret === 'string' && secret.length >= 12) appendFileSync(SECRETS, `${secret}\n`);
}

const SECRET_FIELDS = ['password', 'code', 'token', 'nonce', 'state', 'credential'];

/** Remembers what a test's browser sends that nobody else may know. */
export function keepSecretsOf(context: BrowserContext) {
  context.on('request', (request) => {
    const { searchParams } = new URL(request.url());
    for (const fields of [searchParams, posted(request)]) {
      for (const field of SECRET_FIELDS) keepSecret(fields.get(field));
    }
  });
}

export async function keepCookies(context: BrowserContext) {
  for (const { value } of await context.cookies()) keepSecret(value);
}

function posted(request: Request): URLSearchParams {
  try {
    return new URLSearchParams(request.postDataJSON() ?? {});
  } catch {
    return new URLSearchParams(); // No form, and no JSON.
  }
}

/** After the last test. */
export default function check() {
  const log = readFileSync(LOG, 'utf8');
  if (!/event="signed_in"/.test(log)) throw new Error('The log tells of no sign-in: it was not that of this run.');
  const words = new Set(log.split(/[^\w.~-]+/));
  const secrets = new Set(readFileSync(SECRETS, 'utf8').trimEnd().split('\n'));
  if (secrets.size < 10) throw new Error('The tests have told no secrets.');
  for (const secret of secrets) {
    const known = /[^\w.~-]/.test(secret) ? log.includes(secret) : words.has(secret);
    if (known) throw new Error(`The log has a secret that begins with ${secret.slice(0, 6)}.`);
  }
}
