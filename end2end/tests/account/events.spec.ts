// Security events on `/account`, and what is nobody else’s.

import type { Page } from '@playwright/test';
import { addSecurityKey, expectNotice, moment, part, signInAgain, test } from '../../account.ts';
import { expect, open } from '../../fixtures.ts';

test.describe('security events', () => {
  const events = (page: Page) => part(page, 'Security events').getByRole('listitem');

  test('tell what happened, newest first, and each has a page', async ({
    page,
    ownerWithPassword,
    authenticator,
    request,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    const form = { username, password: 'what it used to be' };
    // Equal failures within an hour are one event.
    for (let i = 0; i < 2; i++) expect((await request.post('/sign-in', { form })).status()).toBe(401);
    await signInAgain(page, ownerWithPassword);
    await addSecurityKey(page, authenticator);
    await open(page, '/account/password');
    await page.getByLabel('New password').fill(`${password}, and one white`);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expectNotice(page, 'Your password is changed. All other sessions have ended.');
    await page.goto('/account');

    await part(page, 'Security events').getByText('Earlier events').click();
    await expect(events(page).getByRole('link')).toHaveText([
      'Password changed',
      'Added a passkey',
      'Signed in with a passkey',
      'Failed sign-in with a password',
      'Password set',
      'Signed in with a passkey',
      'Account created',
    ]);
    await expect(events(page).filter({ has: page.getByText('Failed', { exact: true }) })).toHaveText(
      /^Failed sign-in with a password\s+Failed/,
    );
    expect(database.of(username, 'events')).toHaveLength(7);

    await events(page).getByRole('link', { name: 'Failed sign-in with a password' }).click();
    const [failed] = database.of(username, 'events').filter((event) => event.kind === 'sign_in_failed');
    await expect(page).toHaveURL(`/account/events/${failed.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Failed sign-in with a password');
    await expect(page.getByText('It was refused, and opened nothing.')).toBeVisible();
    await expect(page.getByRole('time')).toHaveAttribute('datetime', moment(failed.at));
    await expect(part(page, 'This was not you?').getByRole('listitem')).toHaveText([
      'Delete the passkeys you do not know',
      'Unlink the accounts you do not know',
      'Change or remove the password',
      'Make new recovery codes',
      'End all other sessions',
    ]);
  });
});

test('what belongs to another account is not there, and stays as it is', async ({ page, owner, request, database }) => {
  // Somebody else, in another browser.
  const form = { username: `${owner.username}-2`, display_name: 'Charles Babbage', password: owner.password };
  await expect(await request.post('/sign-up', { form })).toBeOK();

  const [event] = database.of(owner.username, 'events');
  const [session] = database.of(owner.username, 'sessions');
  const [passkey] = database.of(owner.username, 'passkeys');
  const pages = [`/account/events/${event.id}`, `/account/passkeys/${passkey.id}/delete`];
  const posts = [
    `/account/passkeys/${passkey.id}/delete`,
    `/account/passkeys/${passkey.id}/name`,
    `/account/sessions/${session.id}/end`,
  ];

  for (const path of pages) expect((await request.get(path)).status(), path).toBe(404);
  for (const path of posts) expect((await request.post(path, { form: { name: 'Mine' } })).status(), path).toBe(404);
  expect(database.of(owner.username, 'passkeys')).toEqual([passkey]);
  expect(database.of(owner.username, 'sessions')).toMatchObject([{ id: session.id }]);
  for (const path of pages) expect((await page.request.get(path)).status(), path).toBe(200);
});
