// "Ask for a passkey after my password"

import type { Page } from '@playwright/test';
import { holdBack, ignoringAllowCredentials, overhear, withSavedPassword } from '../../browser.ts';
import {
  addToCart,
  expect,
  expectSignedIn,
  hydrated,
  makeCodes,
  open,
  placeOrder,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signOut,
  test as base,
  visit,
  type Person,
} from '../../fixtures.ts';
import { signUpByRequest } from '../../passkeys.ts';

const test = base.extend<{ codes: string[]; careful: Person }>({
  /** Recovery codes of `careful`. */
  codes: async ({}, use) => use([]),
  /** Somebody with a passkey on `authenticator` whose password asks for it, signed out. */
  careful: async ({ ownerOfBoth, codes, request, database }, use) => {
    await signInByRequest(request, ownerOfBoth);
    codes.push(...(await makeCodes(request)));
    await expect(await request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
    expect(database.accounts(ownerOfBoth.username)).toMatchObject([{ second_factor: 1 }]);
    await request.post('/sign-out');
    await use(ownerOfBoth);
  },
});

const usePasskey = (page: Page) => page.getByRole('button', { name: 'Use a passkey' });
const message = (page: Page) => page.getByRole('main').getByRole('status');

/** By the header. */
async function signInWithPasskey(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
}

/** By the form, and no further than the password leads. Nobody touches the autofill. */
async function givePassword(page: Page, person: Person, next = '/cart') {
  await visit(page, `/sign-in?next=${next}`);
  await signInWithPassword(page, person);
  await expect(page).toHaveURL(`/second-factor?next=${next}`);
  await hydrated(page);
}

test('nobody can press before the page is at work', async ({ page, authenticator, careful }) => {
  await authenticator.answers(false);
  await givePassword(page, careful);
  await authenticator.answers(true);
  const arrive = await holdBack(page, '**/latchkey.*.wasm');
  await page.reload();
  await expect(usePasskey(page)).toBeDisabled();
  arrive();
  await usePasskey(page).click();
  await expectSignedIn(page, careful);
});

test('it is switched on at its page', async ({ page, ownerOfBoth, database }) => {
  await signInByRequest(page.request, ownerOfBoth);
  await page.goto('/account');
  await page.getByRole('link', { name: 'Ask for a passkey after my password' }).click();
  await expect(page.getByText('It is off.')).toBeVisible();
  await page.getByRole('button', { name: 'Switch on' }).click();

  await expect(page).toHaveURL('/account');
  await expect(page.getByText('From now on, a passkey is asked for after your password.')).toBeVisible();
  await expect(page.getByText('On: neither a password nor a provider signs in alone.')).toBeVisible();
  expect(database.accounts(ownerOfBoth.username)).toMatchObject([{ second_factor: 1 }]);
});

test('without a passkey there is nothing to switch on', async ({ page, passwordOwner }) => {
  await signInByRequest(page.request, passwordOwner);
  await page.goto('/account/second-factor');
  await expect(page.getByText('Your password can have a passkey as its second factor once you have added one.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Switch on' })).toHaveCount(0);
});

test('a password alone leads to one more step, and nothing of the account is reachable before it', async ({
  page,
  authenticator,
  careful,
  database,
}) => {
  await authenticator.answers(false);
  await givePassword(page, careful);
  await expect(page.getByRole('heading', { name: 'One more step' })).toBeVisible();
  await expect(signInLink(page)).toBeVisible();
  expect(database.of(careful.username, 'sessions')).toEqual([]);
  const events = database.of(careful.username, 'events').map((event) => event.kind);
  expect(events.filter((kind) => kind === 'second_factor_asked')).toHaveLength(1);

  for (const path of ['/account', '/account/password', '/account/recovery-codes', '/checkout']) {
    const { pathname, search } = new URL((await page.request.get(path)).url());
    expect(pathname + search).toBe(`/sign-in?next=${path}`);
  }
  await page.goto('/confirm?next=/account');
  await expect(page).toHaveURL('/sign-in?next=/account');
  for (const conditional of [false, true]) {
    const refused = await page.request.post('/api/passkey/addition/start', { data: { conditional, platform: false } });
    expect([refused.status(), await refused.json()]).toMatchObject([401, { code: 'sign_in_required' }]);
  }
  const form = { username: careful.username, display_name: 'Mallory' };
  expect((await page.request.post('/account/name', { form })).status()).toBe(401);
  expect((await page.request.post('/account/delete', { form: {} })).status()).toBe(401);
  expect(database.accounts(careful.username)).toMatchObject([{ display_name: careful.name }]);
});

test('the passkey finishes, and goes on', async ({ page, authenticator, careful, database }) => {
  const asked = await overhear(page);
  await authenticator.answers(false);
  await givePassword(page, careful);
  await authenticator.answers(true);
  asked.length = 0; // before, it was the autofill
  await usePasskey(page).click();

  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, careful);
  expect(asked).toEqual([{ allowCredentials: 1 }]);
  const sessions = database.of(careful.username, 'sessions').map((session) => JSON.parse(session.data as string));
  const methods = { first: 'password', second: { passkey: expect.any(String) } };
  expect(sessions).toMatchObject([{ who: { signed_in: { methods } } }]);

  await page.goto('/account');
  const events = page.getByRole('region', { name: 'Security events' }).getByRole('link');
  await expect(events.nth(0)).toHaveText('Signed in with the password and a passkey');
  await expect(events.nth(1)).toHaveText('Right password; the second factor was asked for');
});

test('a dialog that was closed leaves a sentence, and can be opened again', async ({ page, authenticator, careful }) => {
  await authenticator.confirms(false);
  await authenticator.answers(false);
  await givePassword(page, careful);
  await authenticator.answers(true);
  await usePasskey(page).click();
  await expect(message(page)).toHaveText('No passkey was used. You can try again.');
  await expect(usePasskey(page)).toBeFocused();

  await authenticator.confirms(true);
  await usePasskey(page).click();
  await expectSignedIn(page, careful);
});

test('a passkey alone still signs in', async ({ page, careful }) => {
  await signInWithPasskey(page, careful);
  await expect(page).toHaveURL('/');
});

test('a saved password at "Check out" takes the step too, and the cart comes along', async ({
  page,
  careful,
  database,
}) => {
  await withSavedPassword(page, careful);
  const asked = await overhear(page);
  await addToCart(page, 'key-bowl');
  await hydrated(page);
  await page.getByRole('link', { name: 'Check out' }).click();
  await expect(page).toHaveURL('/second-factor?next=/checkout');
  expect(database.of(careful.username, 'sessions')).toEqual([]);
  await hydrated(page);
  await usePasskey(page).click();

  await expect(page).toHaveURL('/checkout');
  expect(asked).toEqual([{ uiMode: 'immediate', password: true, allowCredentials: 0 }, { allowCredentials: 1 }]);
  const number = await placeOrder(page);
  expect(database.orderLines(number)).toEqual([{ slug: 'key-bowl', quantity: 1 }]);
  expect(database.of(careful.username, 'orders')).toMatchObject([{ number }]);
});

test('a recovery code finishes as well, once', async ({ page, authenticator, careful, codes, database, mishaps }) => {
  const [code] = codes;
  await authenticator.answers(false);
  await givePassword(page, careful);
  await page.getByText('Use a recovery code instead').click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/account/passkeys/new?next=/cart');
  await expectSignedIn(page, careful);
  expect(database.of(careful.username, 'recovery_codes')).toHaveLength(9);

  mishaps.expect('401: POST /second-factor');
  await signOut(page);
  await givePassword(page, careful);
  await page.getByText('Use a recovery code instead').click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('Recovery code')).toHaveAccessibleDescription(
    /That is not a recovery code of this account, or it was used before\.$/,
  );
  expect(database.of(careful.username, 'sessions')).toEqual([]);
});

test('another account’s passkey is not asked for, and not accepted', async ({
  page,
  authenticator,
  careful,
  person,
  database,
  mishaps,
}) => {
  mishaps.expect('400: POST /api/passkey/reauthentication/finish');
  await authenticator.forgetAll();
  const mallory = { ...person, username: `mallory-${person.username.slice(4)}`, name: 'Mallory' };
  await signUpByRequest(page.request, authenticator, 'internal', mallory);
  await signOut(page);
  await authenticator.answers(false);
  await givePassword(page, careful);
  await authenticator.answers(true);
  await usePasskey(page).click();
  await expect(message(page)).toHaveText('No passkey was used. You can try again.');

  await ignoringAllowCredentials(page);
  await open(page, '/second-factor?next=/cart');
  await usePasskey(page).click();
  await expect(message(page)).toHaveText('That passkey could not be verified. Please try again.');
  expect(database.of(careful.username, 'sessions')).toEqual([]);
  expect(database.of(mallory.username, 'sessions')).toEqual([]);
  expect(await authenticator.credentials()).toHaveLength(1); // it is known, so it stays
});

test('switched off, the password alone signs in again', async ({ page, authenticator, careful, database }) => {
  await signInWithPasskey(page, careful);
  await page.goto('/account/second-factor');
  await expect(page.getByText('It is on.')).toBeVisible();
  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByText('The second factor is off.')).toBeVisible();
  expect(database.accounts(careful.username)).toMatchObject([{ second_factor: 0 }]);

  await signOut(page);
  await authenticator.answers(false);
  await visit(page, '/sign-in?next=/cart');
  await signInWithPassword(page, careful);
  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, careful);
});
