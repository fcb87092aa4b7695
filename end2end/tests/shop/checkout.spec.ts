// Flow 2: "Check out" in the cart.

import { overhear, withoutImmediate } from '../../browser.ts';
import {
  addToCart,
  armed,
  expect,
  expectSignedIn,
  hydrated,
  placeOrder,
  signInWithPassword,
  signUp,
  test,
  type Person,
} from '../../fixtures.ts';
import { signUpByRequest } from '../../passkeys.ts';
import type { Database } from '../../database.ts';
import type { Page } from '@playwright/test';

async function expectOrder(page: Page, database: Database, { username }: Person, slug: string) {
  const number = await placeOrder(page);
  await expect(page).toHaveTitle(`Order ${number} – Latchkey`);
  expect(database.of(username, 'orders')).toMatchObject([{ number, delivery_name: 'Ada Lovelace' }]);
  expect(database.orderLines(number)).toEqual([{ slug, quantity: 1 }]);
}

test('with a passkey, one press leads to the checkout', async ({ page, passkeyOwner, database }) => {
  const asked = await overhear(page);
  await addToCart(page, 'coat-hook');
  await hydrated(page);
  await page.getByRole('link', { name: 'Check out' }).click();

  await expect(page).toHaveURL('/checkout');
  await expectSignedIn(page, passkeyOwner);
  await expect(page.getByLabel('Name')).toHaveValue(passkeyOwner.name);
  expect(asked).toEqual([{ uiMode: 'immediate', password: true, allowCredentials: 0 }]);
  await expectOrder(page, database, passkeyOwner, 'coat-hook');
});

test('with nothing, and then a password', async ({ page, authenticator, passwordOwner, database }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  await addToCart(page, 'key-bowl');
  await hydrated(page);
  const ready = armed(page);
  await page.getByRole('link', { name: 'Check out' }).click();

  await expect(page).toHaveURL('/sign-in?next=/checkout');
  await expect(page.getByRole('heading', { name: 'Sign in to check out' })).toBeVisible();
  await ready;
  await signInWithPassword(page, passwordOwner);
  await expect(page).toHaveURL('/checkout');
  await expectOrder(page, database, passwordOwner, 'key-bowl');
});

test('with nothing, and then a new account', async ({ page, authenticator, person, database }) => {
  await addToCart(page, 'door-mat');
  await hydrated(page);
  const ready = armed(page);
  await page.getByRole('link', { name: 'Check out' }).click();
  await ready;
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(page).toHaveURL('/sign-up?next=/checkout');
  await hydrated(page);
  await signUp(page, person);

  await expect(page).toHaveURL('/checkout');
  expect(await authenticator.credentials()).toHaveLength(1);
  await expectOrder(page, database, person, 'door-mat');
});

test('without immediate requests, it goes by way of the form', async ({ page, passkeyOwner }) => {
  await withoutImmediate(page);
  const asked = await overhear(page);
  await addToCart(page, 'door-mat');
  await hydrated(page);
  // The autofill is answered at once: the form is not there for long.
  const form = page.waitForURL('/sign-in?next=/checkout', { waitUntil: 'commit' });
  await page.getByRole('link', { name: 'Check out' }).click();

  await form;
  await expect(page).toHaveURL('/checkout');
  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ mediation: 'conditional', signal: true, allowCredentials: 0 }]);
});

test('signed in already, the press is an ordinary link', async ({ page, authenticator, person }) => {
  await signUpByRequest(page.request, authenticator, 'internal', person);
  const asked = await overhear(page);
  await addToCart(page, 'boot-tray');
  await hydrated(page);
  await page.getByRole('link', { name: 'Check out' }).click();

  await expect(page).toHaveURL('/checkout');
  expect(asked).toEqual([]);
});

test('what was put into the cart before and after belongs together', async ({ page, passkeyOwner }) => {
  await addToCart(page, 'coat-hook');
  await hydrated(page);
  await page.getByRole('link', { name: 'Check out' }).click();
  await expectSignedIn(page, passkeyOwner);
  await addToCart(page, 'key-bowl');

  await expect(page.getByRole('listitem').filter({ has: page.getByRole('heading') })).toHaveCount(2);
  await expect(page.getByRole('banner').getByRole('link', { name: 'Cart with pieces: 2' })).toBeVisible();
});
