// Shops that accept passkeys of certain models only (LATCHKEY_ATTESTATION=direct).

import { overhearCreation } from '../../browser.ts';
import { ATTESTATION_DATABASE, Database, OTHER_MODELS_DATABASE } from '../../database.ts';
import { expect, expectSignedIn, offer, open, saved, signInByRequest, signUp, test } from '../../fixtures.ts';
import { ATTESTING, OTHER_MODELS } from '../../shops.ts';

const NOT_ACCEPTED = 'This store does not accept passkeys of this model. It was not added.';

test.describe('a model that is trusted', () => {
  test.use({ baseURL: ATTESTING });

  test('is accepted, and its card says that it is verified', async ({ page, authenticator, person }) => {
    await open(page, '/sign-up?next=/account');
    await signUp(page, person);
    await expectSignedIn(page, person);

    await expect(page.getByRole('listitem').filter({ hasText: 'Verified model' }).first()).toBeVisible();
    expect(await authenticator.credentials()).toHaveLength(1);
    const database = new Database(ATTESTATION_DATABASE);
    expect(database.of(person.username, 'passkeys')).toMatchObject([{ verified_model: 1 }]);
    database.close();
  });

  test('is asked for in a dialog only: what a browser creates by itself is not attested', async ({
    page,
    authenticator,
    passwordOwner,
  }) => {
    const asked = await overhearCreation(page);
    await signInByRequest(page.request, passwordOwner);
    await open(page, '/cart');
    await offer(page).getByRole('button', { name: 'Create a passkey' }).click();

    await expect(saved(page)).toContainText('A passkey was saved.');
    expect(asked).toEqual([{ userVerification: 'required', excludeCredentials: 0 }]);
    expect(await authenticator.credentials()).toHaveLength(1);
    await page.goto('/account');
    await expect(page.getByText('Verified model')).toBeVisible();
  });
});

test.describe('a model that is not among the accepted ones', () => {
  test.use({ baseURL: OTHER_MODELS });

  test('is refused at the sign-up with the reason, and forgotten by the device', async ({
    page,
    authenticator,
    person,
    mishaps,
  }) => {
    mishaps.expect('400: POST /api/passkey/sign-up/finish');
    await open(page, '/sign-up');
    await signUp(page, person);

    await expect(page.getByRole('main').getByRole('status')).toHaveText(NOT_ACCEPTED);
    await expect.poll(() => authenticator.credentials()).toEqual([]);
    const database = new Database(OTHER_MODELS_DATABASE);
    expect(database.accounts(person.username)).toEqual([]);
    database.close();
  });

  test('is refused beside a password as well', async ({ page, authenticator, passwordOwner, mishaps }) => {
    mishaps.expect('400: POST /api/passkey/addition/finish');
    await signInByRequest(page.request, passwordOwner);
    const told = page.waitForResponse('/api/passkey/signalled');
    await open(page, '/account/passkeys/new');
    await told; // so that it is not this signal that does it
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(page.getByRole('main').getByRole('status')).toHaveText(NOT_ACCEPTED);
    await expect.poll(() => authenticator.credentials()).toEqual([]);
    const database = new Database(OTHER_MODELS_DATABASE);
    expect(database.of(passwordOwner.username, 'passkeys')).toEqual([]);
    database.close();
  });
});

test('without attestation, nothing is said about the model', async ({ page, authenticator, person, database }) => {
  await open(page, '/sign-up?next=/account');
  await signUp(page, person);
  await expectSignedIn(page, person);

  expect(await authenticator.credentials()).toHaveLength(1);
  await expect(page.getByText('This device only')).toBeVisible();
  await expect(page.getByText('Verified model')).toHaveCount(0);
  expect(database.of(person.username, 'passkeys')).toMatchObject([{ verified_model: 0 }]);
});
