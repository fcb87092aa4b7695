// Providers where JavaScript is off.

import {
  chooseNames,
  continueWith,
  identities,
  linked,
  signInByExample,
  signInThere,
  staying,
  test,
  withoutFedCm,
} from '../../federation.ts';
import { expect, expectSignedIn, pressSignOut, signInByRequest, signInLink } from '../../fixtures.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('it is the same, from the button to the account and back again', async ({ page, login, person, database }) => {
    await page.goto('/sign-in?next=/account');
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await chooseNames(page, person);
    await expect(page).toHaveURL('/account');
    await expectSignedIn(page, person);
    await expect(linked(page)).toContainText(login);
    expect(identities(database, person.username)).toMatchObject([{ subject: login }]);

    await pressSignOut(page);
    await signInLink(page).click();
    await continueWith(page, 'Example').click();
    await expectSignedIn(page, person);
  });

  test('a provider is linked, and unlinked', async ({ page, login, passwordOwner, database }) => {
    await signInByRequest(page.request, passwordOwner);
    await page.goto('/account');
    await page.getByRole('button', { name: 'Link Example' }).click();
    // The page in between leads on by itself.
    await signInThere(page, login);
    await expect(page.getByText('Example is linked. You can sign in with it.')).toBeVisible();
    expect(identities(database, passwordOwner.username)).toMatchObject([{ subject: login }]);

    await page.getByRole('link', { name: 'Unlink Example' }).click();
    await page.getByRole('button', { name: 'Unlink Example' }).click();
    await expect(page.getByText('Example is unlinked, and does not sign in to this account any more.')).toBeVisible();
    expect(identities(database, passwordOwner.username)).toEqual([]);
  });

  test('the page that leads on has a link as well', async ({ page, login, passwordOwner, database }) => {
    await staying(page);
    await signInByRequest(page.request, passwordOwner);
    await page.goto('/account');
    await page.getByRole('button', { name: 'Link Example' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('On to Example');
    await page.getByRole('link', { name: 'Continue' }).click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/account');
    expect(identities(database, passwordOwner.username)).toMatchObject([{ subject: login }]);
  });

  test('it is the provider that confirms', async ({ page, login, exampleOwner }) => {
    await signInByExample(page, exampleOwner);
    await page.goto('/confirm?next=/account/password');
    await page.getByRole('button', { name: 'Sign in with Example again' }).click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/account/password');
  });
});
