// Other browsers, played by this one; and a look over the shoulder of the page.
// To be called before the page is opened.

import type { Page, Request } from '@playwright/test';
import type { Person } from './fixtures.ts';

/** What the page asked `navigator.credentials.get` for, beside its `publicKey`. */
export type Asked = {
  uiMode?: string;
  mediation?: string;
  password?: boolean;
  signal?: boolean;
  allowCredentials: number;
};

/** Records each request for a credential, and passes it on. */
export async function overhear(page: Page): Promise<Asked[]> {
  const asked: Asked[] = [];
  await page.exposeFunction('overheard', (request: Asked) => asked.push(request));
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      // Only plain values: a member with a getter is how the page finds out
      // which spelling is understood.
      const members = Object.entries(Object.getOwnPropertyDescriptors(options ?? {}));
      const { publicKey, signal, ...plain } = Object.fromEntries(
        members.filter(([, member]) => 'value' in member).map(([name, member]) => [name, member.value]),
      );
      if (publicKey) {
        const allowCredentials = publicKey.allowCredentials?.length ?? 0;
        (window as any).overheard({ ...plain, ...(signal && { signal: true }), allowCredentials });
      }
      return get(options);
    };
  });
  return asked;
}

/** What the page asked `navigator.credentials.create` for, beside the rest of its `publicKey`. */
export type AskedToCreate = {
  mediation?: string;
  signal?: boolean;
  userVerification: string;
  /** Where the passkey is to be, if that matters. */
  attachment?: string;
  excludeCredentials: number;
};

/** Records each request to create a credential, and passes it on. */
export async function overhearCreation(page: Page): Promise<AskedToCreate[]> {
  const asked: AskedToCreate[] = [];
  await page.exposeFunction('overheardCreation', (request: AskedToCreate) => asked.push(request));
  await page.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = (options: any) => {
      const { publicKey, signal, ...plain } = options;
      (window as any).overheardCreation({
        ...plain,
        ...(signal && { signal: true }),
        userVerification: publicKey.authenticatorSelection.userVerification,
        attachment: publicKey.authenticatorSelection.authenticatorAttachment,
        excludeCredentials: publicKey.excludeCredentials.length,
      });
      return create(options);
    };
  });
  return asked;
}

/** Records the names of the signals that the page gives, and passes them on. */
export async function overhearSignals(page: Page): Promise<string[]> {
  const given: string[] = [];
  await page.exposeFunction('overheardSignal', (name: string) => given.push(name));
  await page.addInitScript(() => {
    const { PublicKeyCredential } = window as any;
    for (const name of ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails']) {
      const signal = PublicKeyCredential[name].bind(PublicKeyCredential);
      PublicKeyCredential[name] = (details: unknown) => {
        (window as any).overheardSignal(name);
        return signal(details);
      };
    }
  });
  return given;
}

/** Requests to this address wait for what is given back to be called. */
export async function holdBack(page: Page, url: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(url, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** A browser without the signals: it is older than they are. */
export async function withoutSignals(page: Page) {
  await page.addInitScript(() => {
    const { PublicKeyCredential } = window as any;
    delete PublicKeyCredential.signalUnknownCredential;
    delete PublicKeyCredential.signalAllAcceptedCredentials;
    delete PublicKeyCredential.signalCurrentUserDetails;
  });
}

/** A browser without immediate requests: it does not know them, or has them off. */
export async function withoutImmediate(page: Page) {
  await without(page, 'immediateGet');
}

/** A browser that creates no passkey by itself. */
export async function withoutConditionalCreate(page: Page) {
  await without(page, 'conditionalCreate');
}

async function without(page: Page, capability: string) {
  await page.addInitScript((capability) => {
    const ask = PublicKeyCredential.getClientCapabilities.bind(PublicKeyCredential);
    PublicKeyCredential.getClientCapabilities = async () => ({ ...(await ask()), [capability]: false });
  }, capability);
}

/** A browser that could create a passkey by itself, and finds that it may not. */
export async function decliningConditionalCreate(page: Page) {
  await page.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async (options: any) => {
      if (options.mediation === 'conditional') throw new DOMException('Not now', 'NotAllowedError');
      return create(options);
    };
  });
}

/** A browser that asks for any passkey, where the page named those it wants. */
export async function ignoringAllowCredentials(page: Page) {
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options: any) => {
      const members = Object.getOwnPropertyDescriptors(options);
      if (members.publicKey) members.publicKey.value = { ...members.publicKey.value, allowCredentials: [] };
      return get(Object.defineProperties({}, members));
    };
  });
}

/** What such a browser created, with everything in plain base64. */
export type CreatedByItself = { credentialId: string; userHandle: string; privateKey: string };

/**
 * A browser that creates a passkey by itself when the page lets it (conditional create),
 * and keeps it in Google Password Manager: with nobody present, so without the flags UP
 * and UV, and without an attestation. Under a virtual authenticator Chromium never
 * settles such a request.
 */
export async function creatingByItself(page: Page): Promise<CreatedByItself[]> {
  const created: CreatedByItself[] = [];
  await page.exposeFunction('createdByItself', (credential: CreatedByItself) => created.push(credential));
  await page.addInitScript(() => {
    const GOOGLE_PASSWORD_MANAGER = 'ea9b8d664d011d213ce4b6b48cb575d4';
    const FLAGS = 0x40 | 0x10 | 0x08; // attested credential data, backed up, may be backed up

    // CBOR (RFC 8949), as far as it is needed: nothing here is longer than 255.
    const head = (major: number, n: number) =>
      n < 24 ? [(major << 5) | n] : [(major << 5) | 24, n];
    const integer = (n: number) => (n < 0 ? head(1, -1 - n) : head(0, n));
    const text = (text: string) => [...head(3, text.length), ...new TextEncoder().encode(text)];
    const bytes = (bytes: number[]) => [...head(2, bytes.length), ...bytes];
    const map = (...entries: [number[], number[]][]) => [...head(5, entries.length), ...entries.flat(2)];

    const base64 = (bytes: Iterable<number>) => btoa(String.fromCharCode(...bytes));
    const base64url = (bytes: Iterable<number>) =>
      base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const fromBase64url = (text: string) =>
      [...atob(text.replaceAll('-', '+').replaceAll('_', '/'))].map((letter) => letter.charCodeAt(0));
    const plain = (buffer: ArrayBuffer) => [...new Uint8Array(buffer)];

    async function make(publicKey: any) {
      const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
      const { x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
      const id = [...crypto.getRandomValues(new Uint8Array(16))];
      const cose = map(
        [integer(1), integer(2)],
        [integer(3), integer(-7)],
        [integer(-1), integer(1)],
        [integer(-2), bytes(fromBase64url(x!))],
        [integer(-3), bytes(fromBase64url(y!))],
      );
      const authenticatorData = [
        ...plain(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(publicKey.rp.id))),
        FLAGS,
        ...[0, 0, 0, 0],
        ...GOOGLE_PASSWORD_MANAGER.match(/../g)!.map((byte) => parseInt(byte, 16)),
        ...[0, id.length],
        ...id,
        ...cose,
      ];
      const attestationObject = map(
        [text('fmt'), text('none')],
        [text('attStmt'), map()],
        [text('authData'), bytes(authenticatorData)],
      );
      const clientData = JSON.stringify({
        type: 'webauthn.create',
        challenge: base64url(plain(publicKey.challenge)),
        origin: location.origin,
        crossOrigin: false,
      });
      await (window as any).createdByItself({
        credentialId: base64(id),
        userHandle: base64(plain(publicKey.user.id)),
        privateKey: base64(plain(await crypto.subtle.exportKey('pkcs8', keys.privateKey))),
      });
      const json = {
        id: base64url(id),
        rawId: base64url(id),
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(new TextEncoder().encode(clientData)),
          attestationObject: base64url(attestationObject),
          authenticatorData: base64url(authenticatorData),
          publicKey: base64url(plain(await crypto.subtle.exportKey('spki', keys.publicKey))),
          publicKeyAlgorithm: -7,
          transports: ['internal', 'hybrid'],
        },
      };
      return { id: json.id, toJSON: () => json };
    }

    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = (options: any) =>
      options.mediation === 'conditional' ? (make(options.publicKey) as any) : create(options);
  });
  return created;
}

/** A browser without WebAuthn. */
export async function withoutWebAuthn(page: Page) {
  await page.addInitScript(() => delete (window as any).PublicKeyCredential);
}

/** A browser from the origin trial (Chrome 139 to 144), with its spelling of the request. */
export async function inOriginTrial(page: Page) {
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options: any) => {
      const members = Object.getOwnPropertyDescriptors(options);
      delete members.uiMode; // without reading it
      const understood = Object.defineProperties({} as any, members);
      if (understood.mediation === 'immediate') {
        delete understood.mediation;
        understood.uiMode = 'immediate';
      }
      return get(understood);
    };
  });
}

/**
 * A browser whose password manager knows one password, and offers it in immediate
 * requests that allow for it. Headless Chromium has no password manager.
 */
export async function withSavedPassword(page: Page, { username, password }: Person) {
  await page.addInitScript(
    (saved) => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = async (options: any) => {
        const members = Object.getOwnPropertyDescriptors(options);
        const asksForIt = members.uiMode?.value === 'immediate' && members.password?.value === true;
        return asksForIt ? new (window as any).PasswordCredential(saved) : get(options);
      };
    },
    { id: username, password },
  );
}

/** The requests that the page sends to a server function. */
export function callsTo(page: Page, path: string): Request[] {
  const calls: Request[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === `/api/passkey/${path}`) calls.push(request);
  });
  return calls;
}
