// Accounts with a passkey, made without a page: what a browser does for `/sign-up`, by hand.
// That pages can do it is for `sign-up.spec.ts` to say.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { APIRequestContext, APIResponse } from '@playwright/test';
import type { Authenticator, Copies, Transport } from './authenticator.ts';

type Names = { username: string; name: string };

// That of Chromium's virtual authenticators.
const AAGUID = '01020304050607080102030405060708';
// Present, verified, with attested credential data.
const FLAGS = 0x01 | 0x04 | 0x40;

/** A new account, which `request` is signed in to, and its passkey on this device. */
export async function signUpByRequest(
  request: APIRequestContext,
  device: Authenticator,
  transport: Transport,
  { username, name }: Names,
  { defaultBackupEligibility = false, defaultBackupState = false }: Copies = {},
) {
  const start = await request.post('/api/passkey/sign-up/start', { data: { username, display_name: name } });
  const publicKey = JSON.parse((await told(start)).public_key);
  const { privateKey, publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(16);
  const { x, y } = key.export({ format: 'jwk' });
  const cose = map(
    [integer(1), integer(2)],
    [integer(3), integer(-7)],
    [integer(-1), integer(1)],
    [integer(-2), bytes(Buffer.from(x!, 'base64url'))],
    [integer(-3), bytes(Buffer.from(y!, 'base64url'))],
  );
  const flags = FLAGS | (defaultBackupEligibility ? 0x08 : 0) | (defaultBackupState ? 0x10 : 0);
  const authenticatorData = Buffer.concat([
    createHash('sha256').update(publicKey.rp.id).digest(),
    Buffer.from([flags, 0, 0, 0, 0]),
    Buffer.from(AAGUID, 'hex'),
    Buffer.from([0, id.length]),
    id,
    cose,
  ]);
  const attestationObject = map(
    [text('fmt'), text('none')],
    [text('attStmt'), map()],
    [text('authData'), bytes(authenticatorData)],
  );
  const { origin } = new URL(start.url());
  const clientData = { type: 'webauthn.create', challenge: publicKey.challenge, origin, crossOrigin: false };
  const credential = {
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
    authenticatorAttachment: transport === 'internal' ? 'platform' : 'cross-platform',
    clientExtensionResults: { credProps: { rk: true } },
    response: {
      clientDataJSON: Buffer.from(JSON.stringify(clientData)).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: [transport],
    },
  };
  const finish = { data: { username, display_name: name, credential: JSON.stringify(credential) } };
  await told(await request.post('/api/passkey/sign-up/finish', finish));
  await device.add({
    credentialId: id.toString('base64'),
    userHandle: Buffer.from(publicKey.user.id, 'base64url').toString('base64'),
    userName: username,
    userDisplayName: name,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    signCount: 0,
    backupEligibility: defaultBackupEligibility,
    backupState: defaultBackupState,
  });
}

async function told(response: APIResponse) {
  if (!response.ok()) throw new Error(`${response.url()}: ${response.status()} ${await response.text()}`);
  return response.json();
}

// CBOR (RFC 8949), as far as it is needed: nothing here is longer than 255.
const head = (major: number, n: number) => Buffer.from(n < 24 ? [(major << 5) | n] : [(major << 5) | 24, n]);
const integer = (n: number) => (n < 0 ? head(1, -1 - n) : head(0, n));
const text = (text: string) => Buffer.concat([head(3, text.length), Buffer.from(text)]);
const bytes = (bytes: Buffer) => Buffer.concat([head(2, bytes.length), bytes]);
const map = (...entries: [Buffer, Buffer][]) => Buffer.concat([head(5, entries.length), ...entries.flat()]);
