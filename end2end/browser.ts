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

/** A browser without immediate requests: it does not know them, or has them off. */
export async function withoutImmediate(page: Page) {
  await page.addInitScript(() => {
    const ask = PublicKeyCredential.getClientCapabilities.bind(PublicKeyCredential);
    PublicKeyCredential.getClientCapabilities = async () => ({ ...(await ask()), immediateGet: false });
  });
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
