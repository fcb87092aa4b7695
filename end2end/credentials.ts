// The browser's password manager, played by the test. Headless Chromium has none: it shows no
// chooser, and keeps nothing. Only `navigator.credentials` is replaced, and nothing of the page.

import type { Page } from '@playwright/test';
import { FARAWAY, PROVIDER } from './shops.ts';

/** All that the page passed to `navigator.credentials.get`. What is no JSON is empty in it. */
export type Request = { mediation?: string; uiMode?: string; [member: string]: unknown };

/** What the page gave to `navigator.credentials.store`. */
export type Stored = { kind: string; id: string; name: string; iconURL: string; password?: string; provider?: string };

/** What the person chooses, or the browser brings by itself; or the name of an error. */
export type Answer =
  | { username: string; password: string }
  | { provider: string; id: string }
  | { error: string }
  | null;

const REMEMBERED = { password: true, federated: { providers: [PROVIDER, FARAWAY] } };
/** "Choose an account", where there is anything to choose. */
export const CHOOSER = { ...REMEMBERED, mediation: 'optional' };
/** Nobody is asked anything. */
export const SILENT = { ...REMEMBERED, mediation: 'silent' };

export class Credentials {
  /** In the order of the requests. The autofill's are not among them, and are as ever. */
  readonly asked: Request[] = [];
  /** With the path of the page that gave it. */
  readonly stored: [path: string, Stored][] = [];
  /** How often `preventSilentAccess` was called. It is called for real as well. */
  prevented = 0;
  /** 'as ever': the browser itself answers. */
  answer: (request: Request) => Answer | 'as ever' = () => null;
  /** What comes of `store`. */
  storing: 'done' | 'refused' | 'pending' = 'done';

  /** To be called before the page is opened. */
  static async play(page: Page): Promise<Credentials> {
    const credentials = new Credentials();
    await page.exposeFunction('credentialAsked', (request: Request) => {
      credentials.asked.push(request);
      return credentials.answer(request);
    });
    await page.exposeFunction('credentialStored', (path: string, stored: Stored) => {
      credentials.stored.push([path, stored]);
      return credentials.storing;
    });
    await page.exposeFunction('silentAccessPrevented', () => void credentials.prevented++);
    await page.addInitScript(replace);
    return credentials;
  }

  /** Whatever the page asks from now on, except for the autofill. */
  bring(answer: Answer) {
    this.answer = () => answer;
  }

  /** Where the person presses something. By itself, the browser brings nothing. */
  choose(answer: Answer) {
    this.answer = ({ mediation }) => (mediation === 'silent' ? null : answer);
  }

  /** Those for which nobody pressed anything. */
  get silent(): Request[] {
    return this.asked.filter(({ mediation }) => mediation === 'silent');
  }

  get pressed(): Request[] {
    return this.asked.filter(({ mediation }) => mediation !== 'silent');
  }
}

/** Runs in the page. */
function replace() {
  const { credentials } = navigator;
  // There are none on `about:blank`.
  if (!credentials) return;
  const { credentialAsked, credentialStored, silentAccessPrevented } = window as any;
  const get = credentials.get.bind(credentials);
  const prevent = credentials.preventSilentAccess.bind(credentials);

  credentials.get = async (options: any) => {
    // With a getter, the page finds out which spelling is understood.
    const isTrial = Object.values(Object.getOwnPropertyDescriptors(options)).some((member) => member.get);
    if (isTrial || options.mediation === 'conditional') return get(options);
    const answer = await credentialAsked(JSON.parse(JSON.stringify(options)));
    if (answer === 'as ever') return get(options);
    if (answer === null) return null;
    if (answer.error) throw new DOMException('As the test wants it', answer.error);
    const { username, password, provider, id } = answer;
    return provider
      ? new (window as any).FederatedCredential({ id, provider })
      : new (window as any).PasswordCredential({ id: username, password });
  };

  credentials.store = async (credential: any) => {
    const { id, name, iconURL, password, provider } = credential;
    const stored = { kind: credential.constructor.name, id, name, iconURL, password, provider };
    const outcome = await credentialStored(location.pathname, stored);
    if (outcome === 'refused') throw new DOMException('As the test wants it', 'NotAllowedError');
    if (outcome === 'pending') await new Promise(() => {});
  };

  credentials.preventSilentAccess = async () => {
    silentAccessPrevented();
    await prevent();
  };
}

/** A browser without saved passwords, such as Firefox. */
export async function withoutPasswords(page: Page) {
  await page.addInitScript(() => delete (window as any).PasswordCredential);
}

/** The browser holds no session any more, as when it has expired: nobody signed out. Ends on no page. */
export async function expireSession(page: Page) {
  // What the page still asks would bring it back.
  await page.goto('about:blank');
  await page.context().clearCookies({ name: 'latchkey' });
}

/** Whoever signed out did so in another browser. */
export async function forgetSignOut(page: Page) {
  await page.context().clearCookies({ name: 'latchkey-by-hand' });
}
