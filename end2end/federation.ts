// People with an account at the provider of `provider.ts`, and the browser's dialog for it (FedCM).

import { randomUUID } from 'node:crypto';
import type { APIRequestContext, CDPSession, Locator, Page } from '@playwright/test';
import type { Database } from './database.ts';
import { expect, signOut, test as base, visit, type Person } from './fixtures.ts';
import { ORIGIN, PROVIDER } from './shops.ts';

export const CHOOSE = 'Choose a username';
export const ANSWER = '400: GET /federated/example/callback';

export const CANCELLED =
  'The provider says that this was declined or cancelled. You can try again, or choose another way.';

type Fixtures = {
  /** What the provider calls the person of the test. */
  login: string;
  /** Somebody whose account began with Example: signed in there, signed out here. No other way in. */
  exampleOwner: Person;
};

export const test = base.extend<Fixtures>({
  login: async ({}, use) => use(`countess-${randomUUID()}`),

  exampleOwner: async ({ page, login, person }, use) => {
    await signUpByExample(page.request, login, person);
    await signOut(page);
    await use(person);
  },
});

/** Signs in to the provider, without a page: good for redirects. The dialog needs `signInAtProvider`. */
export async function beAtProvider(request: APIRequestContext, login: string) {
  await expect(await request.post(`${PROVIDER}/sign-in`, { form: { login } })).toBeOK();
}

/** A new account of the shop, which `request` is then signed in to, as it is to the provider. */
export async function signUpByExample(request: APIRequestContext, login: string, { username, name }: Person) {
  await beAtProvider(request, login);
  const asked = await request.get('/federated/example');
  expect(new URL(asked.url()).pathname).toBe('/sign-up/provider');
  await expect(await request.post('/sign-up/provider', { form: { username, display_name: name } })).toBeOK();
}

/** Links the provider's account to that of whoever is signed in, and has just proved it. */
export async function linkByRequest(request: APIRequestContext, login: string) {
  await beAtProvider(request, login);
  const leaving = await request.post('/account/providers/example/link');
  const url = leaving.headers().refresh.replace(/^0; url=/, '');
  await expect(await request.get(url)).toBeOK();
}

/** For whoever is signed in, with a password and a passkey, and has just proved it. Signed out afterwards. */
export async function askForPasskeyAfter(page: Page, login: string) {
  await linkByRequest(page.request, login);
  await expect(await page.request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
  await signOut(page);
}

/** On the page that the provider shows on the way. */
export async function signInThere(page: Page, login: string) {
  await expect(page).toHaveURL(`${PROVIDER}/interaction`);
  await page.getByLabel('Login').fill(login);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const cancelThere = (page: Page) => page.getByRole('button', { name: 'Cancel' }).click();

/** By the link of `/sign-in`. */
export async function signInWithExample(page: Page, next: string) {
  await visit(page, `/sign-in?next=${next}`);
  await continueWith(page, 'Example').click();
}

/** Signs somebody in without a page, who has an account and is signed in to the provider. */
export async function signInByExample(page: Page, { name }: Person) {
  await expect(await page.request.get('/federated/example')).toBeOK();
  expect(await (await page.request.get('/account')).text()).toContain(name);
}

/** On `/confirm`: the provider asks, and the way goes on. */
export async function confirmWithExample(page: Page, login: string) {
  await expect(page).toHaveURL(/\/confirm\?/);
  await page.getByRole('button', { name: 'Sign in with Example again' }).click();
  await signInThere(page, login);
}

/** A browser in which the page that leads on to the provider does not do so by itself. */
export async function staying(page: Page) {
  await page.route('**/account/providers/example/link', async (route) => {
    const response = await route.fetch();
    const { refresh: _, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
}

/** On `/sign-up/provider`. */
export async function chooseNames(page: Page, { username, name }: Person) {
  await expect(page.getByRole('heading', { name: CHOOSE })).toBeVisible();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Create account' }).click();
}

export function continueWith(page: Page, provider: string): Locator {
  return page.getByRole('link', { name: `Continue with ${provider}` });
}

/** On `/account`: whom the account is linked with. */
export function linked(page: Page): Locator {
  return page.getByRole('region', { name: 'Other accounts' }).getByRole('listitem');
}

/** Who the account is with providers. */
export function identities(database: Database, username: string) {
  return database.of(username, 'identities' as 'passkeys');
}

/** How its sessions were signed in. */
export function waysOfSessions(database: Database, username: string): unknown[] {
  return database.of(username, 'sessions').map((session) => {
    const { first, second, automatic } = JSON.parse(session.data as string).who.signed_in.methods;
    if (automatic) return { automatic: first };
    return second ? [first, second] : first;
  });
}

/** A browser without FedCM. The provider has to be the same as ever. */
export async function withoutFedCm(page: Page) {
  await page.addInitScript((shop) => {
    if (location.origin === shop) delete (window as any).IdentityCredential;
  }, ORIGIN);
}

/** What the page gave to `navigator.credentials.store`, which goes no further. */
export async function overhearStored(page: Page): Promise<Record<string, string>[]> {
  const stored: Record<string, string>[] = [];
  await page.exposeFunction('overheardStored', (credential: Record<string, string>) => stored.push(credential));
  await page.addInitScript(() => {
    navigator.credentials.store = async (credential: any) => {
      const { type, id, name, provider, iconURL } = credential;
      (window as any).overheardStored({ kind: credential.constructor.name, type, id, name, provider, iconURL });
    };
  });
  return stored;
}

/** A request for a provider's token. */
export type AskedForToken = {
  identity: { mode: string; providers: { configURL: string; clientId: string; params: { nonce: string } }[] };
};

/** Records each request for a token, whole, and passes it on. */
export async function overhearTokens(page: Page): Promise<AskedForToken[]> {
  const asked: AskedForToken[] = [];
  await page.exposeFunction('overheardToken', (request: AskedForToken) => asked.push(request));
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options: any) => {
      if (Object.hasOwn(options, 'identity')) (window as any).overheardToken(JSON.parse(JSON.stringify(options)));
      return get(options);
    };
  });
  return asked;
}

/** The nonces that the server gives to the page. */
export async function overhearNonces(page: Page): Promise<string[]> {
  const given: string[] = [];
  await page.route('**/federated/example/nonce', async (route) => {
    const response = await route.fetch();
    given.push(await response.json());
    await route.fulfill({ response });
  });
  return given;
}

/** By the provider's own page, so that the browser hears of it (Login Status API). */
export async function signInAtProvider(page: Page, login: string) {
  await page.goto(`${PROVIDER}/sign-in`);
  await page.getByLabel('Login').fill(login);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('Signed in')).toBeVisible();
}

type Shown = { dialogId: string; dialogType: string; accounts: { accountId: string }[] };

/** The browser's dialog with the accounts of a provider, and the person in front of it. */
export class AccountDialog {
  /** What was shown so far: the kind of dialog, and whose accounts. */
  readonly shown: [string, ...string[]][] = [];
  /** Whether the person closes it, rather than choose the first account. */
  isDismissed = false;
  /** What happens while it is open. */
  meanwhile = async () => {};

  private constructor(private readonly cdp: CDPSession) {}

  /** To be called before the page asks for anything. */
  static async attach(page: Page): Promise<AccountDialog> {
    const cdp = await page.context().newCDPSession(page);
    const dialog = new AccountDialog(cdp);
    cdp.on('FedCm.dialogShown', (shown: Shown) => dialog.#answer(shown));
    await cdp.send('FedCm.enable', { disableRejectionDelay: true });
    return dialog;
  }

  async #answer({ dialogId, dialogType, accounts }: Shown) {
    this.shown.push([dialogType, ...accounts.map((account) => account.accountId)]);
    await this.meanwhile();
    // The message about a provider's error can only be closed.
    const isChoice = dialogType === 'AccountChooser' && !this.isDismissed;
    if (isChoice) await this.cdp.send('FedCm.selectAccount', { dialogId, accountIndex: 0 });
    else await this.cdp.send('FedCm.dismissDialog', { dialogId });
  }
}
