// What every test starts with.

import { randomUUID } from 'node:crypto';
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type APIRequestContext, type Locator, type Page } from '@playwright/test';
import { Authenticator, type Transport } from './authenticator.ts';
import { Database } from './database.ts';
import { keepCookies, keepSecret, keepSecretsOf } from './log.ts';
import { signUpByRequest } from './passkeys.ts';

export { expect };

export type Person = { username: string; name: string; password: string };

type Fixtures = {
  /** Fails the test over everything that goes wrong in the page. */
  mishaps: Mishaps;
  database: Database;
  transport: Transport;
  /** A device that can hold passkeys, and holds none. */
  authenticator: Authenticator;
  /** Somebody this shop has never seen. */
  person: Person;
  /** Somebody with a passkey on `authenticator`, signed out. */
  passkeyOwner: Person;
  /** Somebody with a password and no passkey, signed out here; `request` is another browser, signed in. */
  passwordOwner: Person;
  /** Somebody with a password, and a passkey on `authenticator`, signed in with the passkey. On no page yet. */
  ownerWithPassword: Person;
  /** Somebody with a password, and a passkey on `authenticator`, signed out. */
  ownerOfBoth: Person;
};

export const test = base.extend<Fixtures>({
  transport: ['internal', { option: true }],

  mishaps: [
    async ({ page, javaScriptEnabled }, use) => {
      const mishaps = new Mishaps(page, javaScriptEnabled);
      keepSecretsOf(page.context());
      await use(mishaps);
      await keepCookies(page.context());
      await mishaps.check();
    },
    { auto: true },
  ],

  database: async ({}, use) => {
    const database = new Database();
    await use(database);
    database.close();
  },

  authenticator: async ({ page, transport }, use) => {
    await use(await Authenticator.attach(page, transport));
  },

  person: async ({}, use) => {
    const password = `nine grey herons ${randomUUID()}`;
    keepSecret(password);
    await use({ username: `ada-${randomUUID()}`, name: 'Ada Lovelace', password });
  },

  passkeyOwner: async ({ page, authenticator, transport, person }, use) => {
    await signUpByRequest(page.request, authenticator, transport, person);
    await signOut(page);
    await use(person);
  },

  passwordOwner: async ({ request, person }, use) => {
    const { username, name: display_name, password } = person;
    const form = { username, display_name, password, way: 'password' };
    await expect(await request.post('/sign-up', { form })).toBeOK();
    await use(person);
  },

  ownerWithPassword: async ({ page, authenticator, transport, person }, use) => {
    await signUpByRequest(page.request, authenticator, transport, person);
    await setPassword(page.request, person);
    await use(person);
  },

  ownerOfBoth: async ({ page, ownerWithPassword }, use) => {
    await signOut(page);
    await use(ownerWithPassword);
  },
});

// Fetched for a press that did not come, or told once more on the next page.
const BY_THE_WAY = [
  '/api/passkey/sign-in/start',
  '/federated/example/nonce',
  '/api/passkey/signalled',
  '/api/passkey/addition/start',
];

/** Errors and warnings in the console, errors in scripts, dialogs of scripts, failed requests, refusals. */
export class Mishaps {
  readonly #seen: string[] = [];
  readonly #expected: string[] = [];

  constructor(page: Page, javaScriptEnabled: boolean | undefined) {
    page.on('pageerror', (error) => this.#saw(`page error: ${error}`));
    page.on('dialog', (dialog) => {
      this.#saw(`dialog: ${dialog.type()}`);
      return dialog.dismiss();
    });
    page.on('console', (message) => {
      const text = message.text();
      // Chromium's own line about a refused or failed request; those are seen below.
      const repeated = text.startsWith('Failed to load resource');
      // Only a matter of time: Chromium waits for it for three seconds.
      const unused = text.includes('was preloaded using link preload but not used');
      if (['error', 'warning'].includes(message.type()) && !repeated && !unused) this.#saw(`console: ${text}`);
    });
    page.on('requestfailed', (request) => {
      const error = request.failure()?.errorText ?? '';
      const { pathname } = new URL(request.url());
      // The page was left before all its pictures and scripts were there.
      const isPiece = request.method() === 'GET' && !request.isNavigationRequest();
      const left = isPiece && error === 'net::ERR_ABORTED';
      const unused = isPiece && error === 'csp' && !javaScriptEnabled;
      // Nothing waits for these.
      const byTheWay = error === 'net::ERR_ABORTED' && BY_THE_WAY.includes(pathname);
      if (!left && !unused && !byTheWay) this.#saw(`${error}: ${request.method()} ${pathname}`);
    });
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (response.status() >= 400) this.#saw(`${response.status()}: ${response.request().method()} ${pathname}`);
    });
  }

  /** These belong to the test: they have to happen, each as often as it is named. */
  expect(...mishaps: string[]) {
    this.#expected.push(...mishaps);
  }

  async check() {
    // What belongs to the test may be told a little later than the page shows it.
    const seen = expect.poll(() => this.#seen.toSorted(), { message: 'what went wrong in the page' });
    await seen.toEqual(this.#expected.toSorted());
  }

  #saw(mishap: string) {
    this.#seen.push(mishap);
  }
}

/** With the keyboard alone, which has to reach it. */
export async function tabTo(page: Page, control: Locator) {
  await control.waitFor();
  await painted(page);
  const isFocused = () => control.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 60 && !(await isFocused()); presses++) await page.keyboard.press('Tab');
  await expect(control).toBeFocused();
}

/** The page is there with its styles, and was on the screen: before, keys lead nowhere. */
export async function painted(page: Page) {
  await page.waitForLoadState();
  await frames(page);
}

/** After two frames, the observers in the page know all that has happened before. */
export async function frames(page: Page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Opens a page and waits until its scripts are at work. */
export async function open(page: Page, path: string) {
  await page.goto(path);
  await hydrated(page);
}

/** Opens a page that is left again soon: its scripts are at work, and its autofill has its options. */
export async function visit(page: Page, path: string) {
  const ready = path.startsWith('/sign-in') ? armed(page) : undefined;
  await open(page, path);
  await ready;
}

/**
 * The autofill of a page for signing in has its options, and with them their session's cookie: what
 * is posted from now on begins no other.
 */
export async function armed(page: Page, from = '/sign-in') {
  await completed(page, 'sign-in/start', from);
}

/**
 * What the page at this path asks a server function is over. The response alone would not do:
 * leaving the page then still breaks off the rest.
 */
export async function completed(page: Page, call: string, from: string) {
  await page.waitForEvent('requestfinished', (request) => {
    const { referer } = request.headers();
    return request.url().endsWith(`/api/passkey/${call}`) && new URL(referer).pathname === from;
  });
}

/** Scripts begin when the page has nothing else to do. A page that nothing comes alive on has none. */
export async function hydrated(page: Page) {
  await page.waitForLoadState('domcontentloaded');
  await page.locator('html[data-hydrated], html:not(:has(leptos-island))').waitFor({ state: 'attached' });
}

/** The page has heard what the browser can do, and has asked, told and shown all that follows by itself. */
export async function settled(page: Page) {
  await hydrated(page);
  await page.evaluate(async () => {
    // The page asked before this, and is answered before this.
    await window.PublicKeyCredential?.getClientCapabilities();
    await new Promise((done) => setTimeout(done));
  });
}

/** What lies over the page after a sign-in without a passkey of this device: the question. */
export function offer(page: Page) {
  return offers(page).locator('div.offer');
}

/** And what is said after one was created. */
export function saved(page: Page) {
  return offers(page).locator('p.offer-done');
}

/** Around both. What appears in it is read out. */
export function offers(page: Page) {
  return page.getByRole('complementary', { name: 'Passkey' }).and(page.locator('[aria-live=polite]'));
}

/** For whoever is signed in. */
export async function setPassword(request: APIRequestContext, { password }: Person) {
  const form = { action: 'set', password };
  await expect(await request.post('/account/password', { form })).toBeOK();
}

/** Ten recovery codes of whoever is signed in, and has just proved to be. */
export async function makeCodes(request: APIRequestContext): Promise<string[]> {
  const made = await request.post('/account/recovery-codes');
  await expect(made).toBeOK();
  const codes = (await made.text()).match(/\b([2-9A-HJKMNP-Z]{4}-){5}[2-9A-HJKMNP-Z]{4}\b/g) ?? [];
  expect(new Set(codes).size).toBe(10);
  return [...new Set(codes)];
}

/** With a password and without a page: in another browser, or where the form is not the point. */
export async function signInByRequest(request: APIRequestContext, { username, password }: Person) {
  await expect(await request.post('/sign-in', { form: { username, password } })).toBeOK();
}

/** In the header of every page. */
export function signInLink(page: Page) {
  return page.getByRole('banner').getByRole('link', { name: 'Sign in' });
}

export async function expectSignedIn(page: Page, { name }: Person) {
  const header = page.getByRole('banner');
  await expect(header.getByRole('link', { name: `Account of ${name}` })).toBeVisible();
}

/** On `/sign-up`. */
export async function signUp(page: Page, { username, name }: Person) {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Create account with a passkey' }).click();
}

/** On `/sign-in`. */
export async function signInWithPassword(page: Page, { username, password }: Person) {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The browser of this page, without opening one. */
export async function signOut(page: Page) {
  await expect(await page.request.post('/sign-out')).toBeOK();
}

/** By the button, on `/account`. */
export async function pressSignOut(page: Page) {
  await page.goto('/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(signInLink(page)).toBeVisible();
}

export async function addToCart(page: Page, slug: string) {
  await page.goto(`/products/${slug}`);
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page).toHaveURL('/cart');
}

/** On `/checkout`. Gives back the number of the order. */
export async function placeOrder(page: Page): Promise<string> {
  await page.getByLabel('Address').fill('12 St James’s Square\nLondon');
  await page.getByRole('button', { name: 'Place order' }).click();
  await expect(page.getByRole('heading', { name: 'Thank you' })).toBeVisible();
  return page.url().split('/').at(-1)!;
}

/** A page of the shop, or one on the way. */
export async function expectAccessible(page: Page) {
  await page.waitForLoadState(); // whole, and with its styles
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // The other mode opens a page of its own each time, for frames from elsewhere. There are none.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
    const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
    expect(found, `${page.url()} in ${colorScheme} colours`).toEqual([]);
  }
}
