// What the password manager of Chromium really does with the shop.

import type { Page } from '@playwright/test';
import { expireSession } from '../../credentials.ts';
import {
  expect,
  expectSignedIn,
  hydrated,
  settled,
  signInLink,
  signInWithPassword,
  visit,
  type Person,
} from '../../fixtures.ts';
import { silently, test } from '../../password-manager.ts';
import { ORIGIN } from '../../shops.ts';

const notice = (page: Page) => page.getByRole('main').locator('.notice');

/** Coming here is enough; and once undone, it is not until the next sign-in by hand. */
async function expectAutomatic(page: Page, person: Person) {
  await page.goto('/cart', { waitUntil: 'commit' }); // it leads on by itself
  await notice(page).waitFor();
  await expect(notice(page)).toContainText(`Signed in as ${person.name}.`);
  await expectSignedIn(page, person);
  await expect(page).toHaveURL('/cart');
  await hydrated(page);
  await notice(page).getByRole('button', { name: 'Undo' }).click();
  await expect(page).toHaveURL('/');
  for (let visits = 0; visits < 2; visits++) {
    await settled(page);
    await expect(signInLink(page)).toBeVisible();
    await expect.poll(() => silently(page)).toBeNull();
    await page.reload();
  }

  await visit(page, '/sign-in');
  await signInWithPassword(page, person);
  await expectSignedIn(page, person);
  await expect(notice(page)).toHaveCount(0);
  await expect.poll(() => silently(page)).toMatchObject({ id: person.username });
  await expireSession(page);
  await page.goto('/cart', { waitUntil: 'commit' }); // it leads on by itself
  await notice(page).waitFor();
  await expect(notice(page)).toContainText(`Signed in as ${person.name}.`);
  await expectSignedIn(page, person);
}

test.describe('with a window', () => {
  test.use({ headed: true });

  test('it saves the password of a new account, and signs in with it', async ({ page, display, person }) => {
    await page.goto('/sign-up?next=/');
    await hydrated(page);
    await page.getByLabel('Username').fill(person.username);
    await page.getByLabel('Your name').fill(person.name);
    await page.getByText('Use a password instead').click();
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Create account with a password' }).click();
    await expect(page).toHaveURL('/');
    await expectSignedIn(page, person);

    // "Save password?" Space, not Return: where it is not up yet, nothing must come of it.
    expect(await silently(page)).toBeNull();
    await display!.pressUntil(['alt+shift+a', 'space'], () => silently(page));
    // Of what it saves without being told to (`navigator.credentials.store`), it knows neither name nor icon.
    expect(await silently(page)).toEqual({
      id: person.username,
      name: person.name,
      iconURL: `${ORIGIN}/favicon.svg`,
    });
    await expireSession(page);
    await expectAutomatic(page, person);
  });
});

test.describe('without a window', () => {
  test.use({ savedBefore: async ({ passwordOwner }, use) => use(passwordOwner) });

  test('it signs in with a password that it has', async ({ page, passwordOwner }) => {
    await expectAutomatic(page, passwordOwner);
  });
});
