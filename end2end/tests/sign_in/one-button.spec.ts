// `/one-button`: nothing but a passkey.

import { overhear, withoutImmediate, withoutWebAuthn } from '../../browser.ts';
import { expect, expectSignedIn, hydrated, open, test } from '../../fixtures.ts';
import type { Page } from '@playwright/test';

const button = (page: Page) => page.getByRole('link', { name: 'Sign in with a passkey' });
const message = (page: Page) => page.getByRole('main').getByRole('status');

test('with a passkey, one press signs in and goes on', async ({ page, passkeyOwner, database }) => {
  const asked = await overhear(page);
  await open(page, '/one-button?next=/cart');
  await button(page).click();

  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ uiMode: 'immediate', allowCredentials: 0 }]);
  expect(database.of(passkeyOwner.username, 'sessions')).toHaveLength(1);
});

test('with nothing on the device, one press leads to the form', async ({ page, authenticator }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  await open(page, '/one-button?next=/cart');
  await button(page).click();
  await expect(page).toHaveURL('/sign-in?next=/cart');
});

test('without immediate requests, the ordinary dialog opens', async ({ page, passkeyOwner }) => {
  await withoutImmediate(page);
  const asked = await overhear(page);
  await open(page, '/one-button');
  await button(page).click();

  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ allowCredentials: 0 }]);
});

test('a dialog that was closed leaves a sentence, and the focus on the button', async ({
  page,
  passkeyOwner,
  authenticator,
}) => {
  await withoutImmediate(page);
  await open(page, '/one-button');
  await authenticator.confirms(false);
  await button(page).click();

  await expect(message(page)).toHaveText('No passkey was used. You can try again, or sign in with a form.');
  await expect(button(page)).toBeFocused();
  await expect(page).toHaveURL('/one-button');

  await authenticator.confirms(true);
  await page.keyboard.press('Enter');
  await expectSignedIn(page, passkeyOwner);
});

test('a browser without WebAuthn shows a sentence in place of the button', async ({ page }) => {
  await withoutWebAuthn(page);
  await open(page, '/one-button');

  await expect(message(page)).toHaveText('This browser does not support passkeys.');
  await expect(button(page)).toBeHidden();
  await page.getByRole('link', { name: 'Sign in with a form instead' }).click();
  await expect(page).toHaveURL('/sign-in?next=/');
});

test('a passkey that the shop does not know is forgotten by the device', async ({ page, authenticator, mishaps }) => {
  mishaps.expect('404: POST /api/passkey/sign-in/finish');
  await authenticator.addStranger();
  await open(page, '/one-button');
  await button(page).click();

  await expect(message(page)).toContainText('This store does not know that passkey');
  await expect.poll(() => authenticator.credentials()).toEqual([]);
  await button(page).click(); // and so there is nothing left to ask about
  await expect(page).toHaveURL('/sign-in?next=/');
});

test('the page that was asked for is no open redirect', async ({ page, passkeyOwner }) => {
  await page.goto('/one-button?next=//example.com/');
  await hydrated(page);
  await button(page).click();
  await expectSignedIn(page, passkeyOwner);
  await expect(page).toHaveURL('/');
});
