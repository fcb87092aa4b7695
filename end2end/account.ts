// Somebody with an account, on `/account`.

import type { Locator, Page } from '@playwright/test';
import { Authenticator, type Copies } from './authenticator.ts';
import {
  test as base,
  expect,
  expectSignedIn,
  Mishaps,
  open,
  signInByRequest,
  signInLink,
  signOut,
  type Person,
} from './fixtures.ts';
import { signUpByRequest } from './passkeys.ts';

/** Its browser may keep the password, and would be back at once. */
export const OFF = ' Automatic sign-in is off now, so that no browser comes back by itself.';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0';

type Fixtures = {
  copies: Copies;
  /** Somebody with a passkey on `authenticator`, signed in, on `/account`. */
  owner: Person;
  /** Somebody with a password only, signed in, on no page yet. */
  ownerWithoutPasskey: Person;
  another: { page: Page; mishaps: Mishaps };
  /** Another browser, in which nobody is signed in. */
  elsewhere: Page;
  mishapsElsewhere: Mishaps;
};

export const test = base.extend<Fixtures>({
  copies: [{}, { option: true }],

  authenticator: async ({ page, transport, copies }, use) => {
    await use(await Authenticator.attach(page, transport, copies));
  },

  owner: async ({ page, authenticator, transport, copies, person }, use) => {
    await signUpByRequest(page.request, authenticator, transport, person, copies);
    await open(page, '/account');
    await use(person);
  },

  ownerWithoutPasskey: async ({ page, authenticator, passwordOwner }, use) => {
    expect(await authenticator.credentials()).toHaveLength(0);
    await signInByRequest(page.request, passwordOwner);
    await use(passwordOwner);
  },

  another: async ({ browser }, use) => {
    const context = await browser.newContext({ userAgent: FIREFOX });
    const page = await context.newPage();
    const mishaps = new Mishaps(page, true);
    await use({ page, mishaps });
    mishaps.check();
    await context.close();
  },

  elsewhere: async ({ another }, use) => use(another.page),

  mishapsElsewhere: async ({ another }, use) => use(another.mishaps),
});

export function part(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true });
}

export function cards(page: Page): Locator {
  const items = part(page, 'Passkeys').getByRole('listitem');
  return items.filter({ has: page.getByRole('heading', { level: 3 }) });
}

/** What was done, in a sentence that has the focus. */
export async function expectNotice(page: Page, text: string | RegExp) {
  const notice = page.getByRole('main').locator('.notice');
  await expect(notice).toHaveText(text);
  await expect(notice).toHaveRole('status');
  await expect(notice).toBeFocused();
}

/** A moment from the database, as pages write it for programs. */
export function moment(milliseconds: string | number | null): string {
  return `${new Date(Number(milliseconds)).toISOString().slice(0, 19)}Z`;
}

/** By the button in the header, and then to `/account`. */
async function signInWithPasskey(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
  await open(page, '/account');
}

export async function signInAgain(page: Page, person: Person) {
  await signOut(page);
  await signInWithPasskey(page, person);
}

/** A second device, with one more passkey of whoever is signed in. Ends on `/account`. */
export async function addSecurityKey(page: Page, device: Authenticator): Promise<Authenticator> {
  const securityKey = await Authenticator.attach(page, 'usb');
  await device.answers(false);
  await open(page, '/account/passkeys/new');
  await page.getByRole('button', { name: 'Create a passkey' }).click();
  await expectNotice(page, 'Your new passkey is ready.');
  await device.answers(true);
  return securityKey;
}

export async function expectSignedOut(page: Page) {
  await page.goto('/account');
  await expect(page).toHaveURL('/sign-in?next=/account');
  await expect(page.getByRole('heading', { name: 'Sign in to see your account' })).toBeVisible();
}
