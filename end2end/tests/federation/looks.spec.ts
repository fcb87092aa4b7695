// What the pages on the way to a provider look like, in light and in dark colours.

import {
  chooseNames,
  confirmWithExample,
  continueWith,
  identities,
  signInByExample,
  signInThere,
  signInWithExample,
  staying,
  test,
  withoutFedCm,
} from '../../federation.ts';
import { armed, expect, expectAccessible, expectSignedIn, open, visit } from '../../fixtures.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

test.describe('in light and in dark colours', () => {
  test('the way of a stranger is accessible', async ({ page, login, mishaps }) => {
    test.slow();
    mishaps.expect('502: GET /federated/faraway');
    await open(page, '/sign-up');
    await expect(continueWith(page, 'Example')).toBeVisible();
    await expectAccessible(page);
    await visit(page, '/sign-in?next=/');
    await expect(continueWith(page, 'Example')).toBeVisible();
    await expectAccessible(page);
    const ready = armed(page, '/federated/faraway');
    await continueWith(page, 'Faraway').click();
    await expect(page.getByRole('alert')).toBeVisible();
    await ready;
    await expectAccessible(page);

    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/sign-up/provider?next=/');
    await expectAccessible(page);
  });

  test('a username that is taken is said so accessibly', async ({ page, login, passwordOwner, mishaps }) => {
    mishaps.expect('409: POST /sign-up/provider');
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await chooseNames(page, passwordOwner);
    await expect(page.getByLabel('Username')).toHaveAttribute('aria-invalid', 'true');
    await expectAccessible(page);
  });

  test('the pages of an account are accessible', async ({ page, login, exampleOwner, database }) => {
    test.slow();
    await signInByExample(page, exampleOwner);
    await open(page, '/confirm?next=/account');
    await confirmWithExample(page, login);
    await expect(page).toHaveURL('/account');
    const [{ id }] = identities(database, exampleOwner.username);
    const paths = ['/account', `/account/identities/${id}/unlink`, '/confirm?next=/account'];
    for (const path of paths) {
      await open(page, path);
      await expectAccessible(page);
    }
    const form = { action: 'set', password: exampleOwner.password };
    await expect(await page.request.post('/account/password', { form })).toBeOK();
    await open(page, `/account/identities/${id}/unlink`);
    await expect(page.getByRole('button', { name: 'Unlink Example' })).toBeVisible();
    await expectAccessible(page);
  });

  test('the page that leads on is accessible', async ({ page, ownerWithPassword }) => {
    await staying(page);
    await open(page, '/account');
    await expectSignedIn(page, ownerWithPassword);
    await page.getByRole('button', { name: 'Link Example' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('On to Example');
    await expectAccessible(page);
  });
});
