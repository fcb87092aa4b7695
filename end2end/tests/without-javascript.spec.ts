// Everything but passkeys works without JavaScript.

import type { Page } from '@playwright/test';
import { addToCart, expect, expectSignedIn, placeOrder, signInLink, signInWithPassword, signOut, test } from '../fixtures.ts';

test.use({ javaScriptEnabled: false });

/** By its element, because Playwright finds nothing in `noscript` by text. */
async function expectNote(page: Page, text: string) {
  const note = page.locator('noscript .note');
  await expect(note).toBeVisible();
  await expect(note).toHaveText(text);
}

test('one can shop: create an account on the way, order, sign out and in again', async ({ page, person, database }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Oak coat rail' }).click();
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.getByRole('link', { name: 'Check out' }).click();
  await expect(page).toHaveURL('/sign-in?next=/checkout');
  await expectNote(page, 'Passkeys need JavaScript. A password works without it.');

  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByText('Use a password instead').click();
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Create account with a password' }).click();
  await expect(page).toHaveURL('/checkout');

  const number = await placeOrder(page);
  expect(database.of(person.username, 'orders')).toMatchObject([{ number }]);
  expect(database.orderLines(number)).toEqual([{ slug: 'coat-rail', quantity: 1 }]);

  await signOut(page);
  expect(database.of(person.username, 'sessions')).toEqual([]);
  await signInLink(page).click();
  await signInWithPassword(page, person);
  await expectSignedIn(page, person);
  await page.goto('/account');
  await expect(page.getByRole('link', { name: number })).toBeVisible();
});

test('the cart can be changed', async ({ page, mishaps }) => {
  mishaps.expect('422: POST /cart');
  await addToCart(page, 'lantern');
  await page.getByLabel('Quantity of Wall lantern').fill('2');
  await page.getByRole('button', { name: 'Update Wall lantern' }).click();
  await expect(page.getByText('Total €\u{a0}258.00')).toBeVisible();

  await page.goto('/products/lantern');
  await page.getByLabel('Quantity').fill('2');
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page.getByText('There are only 3 left. They are in your cart.')).toBeVisible();

  await page.getByRole('button', { name: 'Remove Wall lantern' }).click();
  await expect(page.getByText('There is nothing in it yet.')).toBeVisible();
});

test('the buttons for passkeys lead to the form, and their pages say why', async ({ page }) => {
  await page.goto('/sign-in?next=/cart');
  await page.getByRole('link', { name: 'Use a passkey from another device' }).click();
  await expect(page).toHaveURL('/one-button?next=/cart');
  await expectNote(page, 'Passkeys need JavaScript.');
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL('/sign-in?next=/cart');
});

test('a new account offers a password only', async ({ page, person, mishaps, database }) => {
  mishaps.expect('422: POST /sign-up');
  await page.goto('/sign-up');
  await expect(page.getByRole('button', { name: 'Create account with a passkey' })).toBeHidden();
  await expectNote(page, 'Passkeys need JavaScript. A password works without it.');

  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('Creating a passkey needs JavaScript.');
  expect(database.accounts(person.username)).toEqual([]);
});
