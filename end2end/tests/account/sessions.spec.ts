// Sessions on `/account`, and ending them.

import type { Page } from '@playwright/test';
import { cards, expectNotice, expectSignedOut, moment, OFF, part, test } from '../../account.ts';
import { expect, expectSignedIn, open, signInByRequest } from '../../fixtures.ts';

test.describe('sessions', () => {
  const sessions = (page: Page) => part(page, 'Sessions').getByRole('listitem');

  test('are listed with browser, time and how they were signed in, this one marked', async ({
    page,
    ownerWithPassword,
    elsewhere,
    database,
  }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await open(page, '/account');

    const rows = database.of(ownerWithPassword.username, 'sessions');
    const signedIn = (browser: string) => {
      const notes = rows.map((row) => JSON.parse(String(row.data)).who.signed_in);
      return moment(notes.find((note) => note.browser === browser).since);
    };
    await expect(sessions(page)).toHaveCount(2);
    const [here, there] = await sessions(page).all();
    await expect(here).toHaveText(/^Chrome on Linux\s+This session\s*Signed in .* UTC · With a passkey$/);
    await expect(here.getByRole('time')).toHaveAttribute('datetime', signedIn('Chrome on Linux'));
    await expect(here.getByRole('button')).toHaveCount(0);
    await expect(there).toHaveText(/^Firefox on Windows\s*Signed in .* UTC · With the password\s*End/);
    await expect(there.getByRole('time').first()).toHaveAttribute('datetime', signedIn('Firefox on Windows'));

    // There, it is the other way round.
    await elsewhere.goto('/account');
    await expect(sessions(elsewhere).first()).toHaveText(/^Firefox on Windows\s+This session/);
    await expect(sessions(elsewhere).last()).toHaveText(/^Chrome on Linux\s*Signed in/);
  });

  test('name the passkey that they were signed in with', async ({ page, owner }) => {
    await cards(page).getByText('Rename').click();
    await cards(page).getByLabel('Name').fill('Desk');
    await cards(page).getByRole('button', { name: 'Save name' }).click();
    await expectNotice(page, 'The passkey has its new name.');
    await expectSignedIn(page, owner);
    await expect(sessions(page)).toContainText('With the passkey “Desk”');
  });

  test('of others can be ended, and are out at their next request', async ({
    page,
    ownerWithPassword,
    elsewhere,
    database,
  }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await open(page, '/account');
    await page.getByRole('button', { name: 'End the session of Firefox on Windows' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, `That session has ended.${OFF}`);
    await expect(sessions(page)).toHaveCount(1);
    await expect(page.getByRole('button', { name: 'End all other sessions' })).toHaveCount(0);
    await expect(part(page, 'Security events').getByRole('link').first()).toHaveText(
      'Ended a session of Firefox on Windows',
    );
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(1);
    await expectSignedOut(elsewhere);
    await expectSignedIn(page, ownerWithPassword);
  });

  test('of others can be ended all at once', async ({ page, ownerWithPassword, elsewhere, request, database }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await signInByRequest(request, ownerWithPassword);
    await open(page, '/account');
    await expect(sessions(page)).toHaveCount(3);
    await page.getByRole('button', { name: 'End all other sessions' }).click();

    await expectNotice(page, `All other sessions have ended.${OFF}`);
    await expect(sessions(page)).toHaveCount(1);
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(1);
    await expectSignedOut(elsewhere);
    expect((await request.get('/account')).url()).toContain('/sign-in?next=/account');
    await expectSignedIn(page, ownerWithPassword);
  });
});
