// Fills an empty database: `node seed.js <accounts.ndjson`, with DATABASE_URL. A line has `id`,
// `username`, `displayName`, `credentialId`, `publicKey`, and `session`, if somebody is signed in.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import session from 'express-session';
import { open } from './database.js';
import { COOKIE } from './sessions.js';

const BATCH = 50_000;

const text = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const db = open(process.env.DATABASE_URL);
const now = Date.now();
const cookie = new session.Cookie(COOKIE).toJSON();

db.hurry();
await db.script(text('schema.sql'));
await db.script(text('../../server/src/store/catalogue.sql'));
let batch = [];
for await (const line of createInterface({ input: process.stdin })) {
  batch.push(JSON.parse(line));
  if (batch.length === BATCH) await insert(batch.splice(0));
}
if (batch.length) await insert(batch);
await db.close();

async function insert(people) {
  await db.insert('accounts', people.map(account));
  await db.insert('passkeys', people.map(passkey));
  const signedIn = people.filter((person) => person.session);
  if (signedIn.length) await db.insert('sessions', signedIn.map(signedInSession));
}

function account({ id, username, displayName }) {
  return { id, username, display_name: displayName, created_at: now };
}

function passkey({ id, credentialId, publicKey }) {
  return {
    id: credentialId,
    account_id: id,
    public_key: publicKey,
    counter: 0,
    backed_up: 1,
    created_at: now,
    last_used_at: now,
  };
}

function signedInSession({ id, session }) {
  return {
    id: session,
    data: JSON.stringify({ cookie, account: id }),
    expires_at: cookie.expires.getTime(),
  };
}
