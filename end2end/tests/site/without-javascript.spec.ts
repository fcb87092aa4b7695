// Everything but passkeys works without JavaScript.

import type { Page } from '@playwright/test';
import {
  addToCart,
  expect,
  expectSignedIn,
  makeCodes,
  offer,
  offers,
  placeOrder,
  pressSignOut,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signOut,
  test,
  type Person,
} from '../../fixtures.ts';
import { signUpByRequest } from '../../passkeys.ts';

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

  await pressSignOut(page);
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

test('a second factor can be switched on, and a recovery code is one', async ({ page, person, authenticator, database }) => {
  await signUpByRequest(page.request, authenticator, 'internal', person);
  await expect(
    await page.request.post('/account/password', { form: { action: 'set', password: person.password } }),
  ).toBeOK();
  const [code] = await makeCodes(page.request);
  await page.goto('/account');
  await page.getByRole('link', { name: 'Ask for a passkey after my password' }).click();
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('From now on, a passkey is asked for after your password.')).toBeVisible();

  await signOut(page);
  await page.goto('/sign-in?next=/cart');
  await signInWithPassword(page, person);
  await expect(page).toHaveURL('/second-factor?next=/cart');
  await expectNote(page, 'Passkeys need JavaScript. If you have recovery codes, those work without it.');
  expect(database.of(person.username, 'sessions')).toEqual([]);
  await page.getByText('Use a recovery code instead').click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expectSignedIn(page, person);
});

test.describe('on the account page', () => {
  async function signIn(page: Page, person: Person) {
    await signInByRequest(page.request, person);
    await page.goto('/account');
  }

  test('the account can be renamed', async ({ page, passwordOwner, database }) => {
    const username = `${passwordOwner.username}-2`;
    await signIn(page, passwordOwner);
    await page.getByText('Change your name or username').click();
    await page.getByLabel('Your name').fill('Countess of Lovelace');
    await page.getByLabel('Username').fill(username);
    await page.getByRole('button', { name: 'Save name and username' }).click();

    await expect(page.getByText('Your details are saved.')).toBeVisible();
    await expectSignedIn(page, { ...passwordOwner, name: 'Countess of Lovelace' });
    expect(database.accounts(username)).toMatchObject([{ display_name: 'Countess of Lovelace' }]);
  });

  test('a name that will not do is said so beside it, and stays', async ({ page, passwordOwner, mishaps, database }) => {
    mishaps.expect('422: POST /account/name');
    await signIn(page, passwordOwner);
    await page.getByText('Change your name or username').click();
    await page.getByLabel('Username').fill('Ada Lovelace');
    await page.getByRole('button', { name: 'Save name and username' }).click();

    await expect(page.getByLabel('Username')).toHaveAccessibleDescription(/Use 3 to 64 letters/);
    await expect(page.getByLabel('Username')).toHaveValue('Ada Lovelace');
    expect(database.accounts(passwordOwner.username)).toHaveLength(1);
  });

  test('another session can be ended, and is out at its next request', async ({ page, passwordOwner, request, database }) => {
    await signIn(page, passwordOwner);
    expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(2);
    await page.getByRole('button', { name: /^End the session of/ }).click();

    await expect(page.getByText('That session has ended.')).toBeVisible();
    expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(1);
    expect((await request.get('/account')).url()).toContain('/sign-in?next=/account');

    await signInByRequest(request, passwordOwner);
    await page.reload();
    await page.getByRole('button', { name: 'End all other sessions' }).click();
    await expect(page.getByText('All other sessions have ended.')).toBeVisible();
    expect((await request.get('/account')).url()).toContain('/sign-in?next=/account');
  });

  test('the password can be changed, and ends the other session', async ({ page, passwordOwner, database }) => {
    const [before] = database.of(passwordOwner.username, 'passwords');
    await signIn(page, passwordOwner);
    await page.getByRole('link', { name: 'Change or remove the password' }).click();
    await page.getByLabel('New password').fill(`${passwordOwner.password} and a crane`);
    await page.getByRole('button', { name: 'Change password' }).click();

    await expect(page.getByText('Your password is changed. All other sessions have ended.')).toBeVisible();
    const [after] = database.of(passwordOwner.username, 'passwords');
    expect(after.hash).not.toBe(before.hash);
    expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(1);
  });

  test('the password confirms that it is the owner', async ({ page, passwordOwner, mishaps }) => {
    mishaps.expect('401: POST /confirm');
    await signIn(page, passwordOwner);
    await page.goto('/confirm?next=/account/password');
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Use the password' }).click();
    await expect(page.getByLabel('Password')).toHaveAccessibleDescription('That is not the password.');

    await page.getByLabel('Password').fill(passwordOwner.password);
    await page.getByRole('button', { name: 'Use the password' }).click();
    await expect(page).toHaveURL('/account/password');
    await expect(page.getByRole('heading', { name: 'Change the password' })).toBeVisible();
  });

  test('recovery codes can be made, and one signs in', async ({ page, passwordOwner, database }) => {
    await signIn(page, passwordOwner);
    await page.getByRole('link', { name: 'Make recovery codes' }).click();
    await page.getByRole('button', { name: 'Make ten recovery codes' }).click();
    const code = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').first().innerText();
    await signOut(page);
    await page.goto('/sign-in?next=/cart');
    await page.getByRole('link', { name: 'Use a recovery code' }).click();
    await page.getByLabel('Username').fill(passwordOwner.username);
    await page.getByLabel('Recovery code').fill(code);
    await page.getByRole('button', { name: 'Sign in' }).click();

    await expectSignedIn(page, passwordOwner);
    await expect(page).toHaveURL('/account/passkeys/new?next=/cart');
    await expectNote(page, 'Passkeys need JavaScript.');
    expect(database.of(passwordOwner.username, 'recovery_codes')).toHaveLength(9);
    await page.getByRole('link', { name: 'Continue without one' }).click();
    await expect(page).toHaveURL('/cart');
  });

  test('the account can be deleted', async ({ page, passwordOwner, database }) => {
    await signIn(page, passwordOwner);
    await page.getByRole('link', { name: 'Delete this account' }).click();
    await page.getByRole('button', { name: 'Delete my account' }).click();

    await expect(page).toHaveURL('/goodbye');
    await expect(signInLink(page)).toBeVisible();
    expect(database.accounts(passwordOwner.username)).toEqual([]);
  });
});

test('an offer of a passkey is not shown, and can be declined', async ({ page, passwordOwner, database }) => {
  await signInByRequest(page.request, passwordOwner);
  await page.goto('/cart');
  await expect(offers(page)).toHaveCount(1);
  await expect(offer(page)).toBeHidden();
  const form = offer(page).locator('form[method=post][action="/account/offer/dismiss"]');
  const next = await form.locator('input[name=next]').inputValue();
  const post = await page.request.post('/account/offer/dismiss', { form: { next } });
  expect(new URL(post.url()).pathname).toBe('/cart');
  const [{ offer_dismissed_at }] = database.accounts(passwordOwner.username);
  expect(offer_dismissed_at).toEqual(expect.any(Number));
});

test('a passkey can be renamed, also by somebody who made it with JavaScript', async ({ page, authenticator, person, database }) => {
  // The passkey needs a browser with it; what it is called does not.
  await signUpByRequest(page.request, authenticator, 'internal', person);
  await page.goto('/account');
  await page.getByText('Rename').click();
  await page.getByLabel('Name Passkey').fill('Desk');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expect(page.getByText('The passkey has its new name.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Desk' })).toBeVisible();
  expect(database.of(person.username, 'passkeys')).toMatchObject([{ own_name: 'Desk' }]);

  await page.getByRole('link', { name: 'Set a password' }).click();
  await page.getByLabel('New password').fill(person.password);
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Your password is set.')).toBeVisible();

  await page.getByRole('link', { name: 'Delete Desk' }).click();
  await expect(page.getByText('This is your last passkey.')).toBeVisible();
  await page.getByRole('button', { name: 'Delete this passkey' }).click();
  await expect(page.getByText('The passkey is deleted and opens nothing any more.')).toBeVisible();
  expect(database.of(person.username, 'passkeys')).toEqual([]);
});
