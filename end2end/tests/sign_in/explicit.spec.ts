// Flow 1: "Sign in" in the header.

import {
  callsTo,
  holdBack,
  inOriginTrial,
  overhear,
  withSavedPassword,
  withoutImmediate,
  withoutWebAuthn,
} from '../../browser.ts';
import { expect, expectSignedIn, hydrated, open, pressSignOut, settled, signInLink, test } from '../../fixtures.ts';

test('with a passkey, one press signs in and stays on the page', async ({ page, passkeyOwner, database }) => {
  const asked = await overhear(page);
  await open(page, '/products/lantern');
  await signInLink(page).click();

  await expectSignedIn(page, passkeyOwner);
  await expect(page).toHaveURL('/products/lantern');
  expect(asked).toEqual([{ uiMode: 'immediate', password: true, allowCredentials: 0 }]);
  expect(database.of(passkeyOwner.username, 'sessions')).toHaveLength(1);
});

test('with the keyboard alone, it is the same', async ({ page, passkeyOwner }) => {
  await open(page, '/');
  for (const stop of ['Skip to content', 'Latchkey', 'Catalogue', 'Cart', 'Sign in']) {
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name: stop, exact: true }).first()).toBeFocused();
  }
  await page.keyboard.press('Enter');
  await expectSignedIn(page, passkeyOwner);
});

test('with nothing on the device, one press leads to the form', async ({ page, authenticator }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  const asked = await overhear(page);
  await open(page, '/products/lantern');
  await signInLink(page).click();

  await expect(page).toHaveURL('/sign-in?next=/products/lantern');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByLabel('Username')).toHaveValue('');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await hydrated(page);
  expect(asked[0]).toEqual({ uiMode: 'immediate', password: true, allowCredentials: 0 });
});

test('a browser without any authenticator goes to the form as well', async ({ page }) => {
  await open(page, '/');
  await signInLink(page).click();
  await expect(page).toHaveURL('/sign-in?next=/');
});

test('a browser without immediate requests goes to the form and shows no dialog', async ({ page, passkeyOwner }) => {
  await withoutImmediate(page);
  const asked = await overhear(page);
  await open(page, '/cart');
  // The autofill is answered at once: the form is not there for long.
  const form = page.waitForURL('/sign-in?next=/cart', { waitUntil: 'commit' });
  await signInLink(page).click();

  await form;
  // All that is asked for there comes from the form itself.
  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ mediation: 'conditional', signal: true, allowCredentials: 0 }]);
});

test('a browser without WebAuthn goes to the form', async ({ page }) => {
  await withoutWebAuthn(page);
  const asked = await overhear(page);
  const starts = callsTo(page, 'sign-in/start');
  await open(page, '/');
  await signInLink(page).click();

  await expect(page).toHaveURL('/sign-in?next=/');
  await settled(page);
  expect(starts).toEqual([]);
  expect(asked).toEqual([]);
});

test('a browser from the origin trial is asked in its own spelling', async ({ page, passkeyOwner }) => {
  await inOriginTrial(page);
  const asked = await overhear(page);
  await open(page, '/');
  await signInLink(page).click();

  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ mediation: 'immediate', password: true, allowCredentials: 0 }]);
});

test('with a saved password, one press signs in', async ({ page, passwordOwner, database }) => {
  await withSavedPassword(page, passwordOwner);
  await open(page, '/');
  await signInLink(page).click();

  await expectSignedIn(page, passwordOwner);
  await expect(page).toHaveURL('/');
  expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(2); // one is its maker's
});

test('with an outdated saved password, a sentence offers the form', async ({ page, passwordOwner, mishaps }) => {
  mishaps.expect('401: POST /sign-in');
  await withSavedPassword(page, { ...passwordOwner, password: 'what it used to be' });
  await open(page, '/');
  await signInLink(page).click();

  const status = page.getByRole('banner').getByRole('status');
  await expect(status).toContainText('The saved password is not right any more. Please sign in with the form.');
  await expect(signInLink(page).first()).toBeFocused();
  await status.getByRole('link', { name: 'Sign in with a form' }).click();
  await expect(page).toHaveURL('/sign-in?next=/');
});

test('a passkey that the shop does not know is forgotten by the device', async ({ page, authenticator, mishaps }) => {
  mishaps.expect('404: POST /api/passkey/sign-in/finish');
  await authenticator.addStranger();
  await open(page, '/');
  await signInLink(page).click();

  await expect(page.getByRole('banner').getByRole('status')).toContainText(
    'This store does not know that passkey, so your password manager was told not to offer it here any more.',
  );
  await expect.poll(() => authenticator.credentials()).toEqual([]);
  // The notice lies over everything else: its link can be pressed.
  await page.getByRole('link', { name: 'Sign in with a form' }).click();
  await expect(page).toHaveURL('/sign-in?next=/');
});

test('looking at pages asks the server for nothing and leaves no cookie that lasts', async ({ page, context }) => {
  const starts = callsTo(page, 'sign-in/start');
  for (const path of ['/', '/products/lantern', '/cart', '/one-button', '/sign-up']) {
    await open(page, path);
    await settled(page);
  }

  expect(starts).toEqual([]);
  // The page of a product gives the browser a name, for the cart that may begin there.
  const session = { httpOnly: true, sameSite: 'Lax', expires: -1 };
  expect(await context.cookies()).toMatchObject([{ name: 'latchkey-browser', ...session }]);
});

test('the options are fetched when the pointer arrives, and not again for the press', async ({ page, passkeyOwner }) => {
  await open(page, '/');
  const starts = callsTo(page, 'sign-in/start');
  const fetched = page.waitForResponse('/api/passkey/sign-in/start');
  await signInLink(page).hover();
  await fetched;
  await signInLink(page).click();

  await expectSignedIn(page, passkeyOwner);
  expect(starts).toHaveLength(1);
});

test('the options are renewed before they expire, for as long as the pointer stays', async ({ page }) => {
  await page.clock.install();
  await open(page, '/');
  const starts = callsTo(page, 'sign-in/start');
  await signInLink(page).hover();
  await expect.poll(() => starts.length).toBe(1);
  await page.clock.fastForward('04:01');
  await expect.poll(() => starts.length).toBe(2);

  await page.getByRole('heading', { level: 1 }).hover();
  await page.clock.fastForward('04:01');
  await page.getByRole('heading', { level: 1 }).click();
  expect(starts).toHaveLength(2);
});

test('a press out of the blue, with nothing fetched yet, works as well', async ({ page, passkeyOwner }) => {
  await open(page, '/');
  const starts = callsTo(page, 'sign-in/start');
  await signInLink(page).evaluate((link: HTMLElement) => link.click());

  await expectSignedIn(page, passkeyOwner);
  expect(starts).toHaveLength(1);
});

test('a press before the page is at work follows the link', async ({ page }) => {
  const arrive = await holdBack(page, '**/latchkey.*.wasm');
  await page.goto('/products/lantern');
  await signInLink(page).click();

  await expect(page).toHaveURL('/sign-in?next=/products/lantern');
  await expect(page.locator('html')).not.toHaveAttribute('data-hydrated');
  arrive();
  await hydrated(page);
});

test('a press that opens a new tab shows the form there', async ({ page, context, authenticator }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  await open(page, '/');
  const opened = context.waitForEvent('page');
  await signInLink(page).click({ modifiers: ['ControlOrMeta'] });

  await expect(await opened).toHaveURL('/sign-in?next=/');
  await expect(page).toHaveURL('/');
});

test('signing out ends the session here and in the database', async ({
  page,
  context,
  passkeyOwner,
  authenticator,
  database,
}) => {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, passkeyOwner);
  expect(database.of(passkeyOwner.username, 'sessions')).toHaveLength(1);

  await pressSignOut(page);
  expect(database.of(passkeyOwner.username, 'sessions')).toEqual([]);
  // What is left says nothing about anybody, and opens nothing.
  const left = await context.cookies();
  expect(left.map(({ name }) => name).sort()).toEqual(['latchkey-by-hand', 'latchkey-known']);
  for (const cookie of left) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  expect(left.find(({ name }) => name === 'latchkey-by-hand')?.value).toBe('1');
  expect(left.find(({ name }) => name === 'latchkey-known')?.value).toMatch(/^[\w-]{22}\.[\w-]{22}$/);
  await authenticator.answers(false);
  await page.goto('/account');
  await expect(page).toHaveURL('/sign-in?next=/account');
  await expect(page.getByRole('heading', { name: 'Sign in to see your account' })).toBeVisible();
});
