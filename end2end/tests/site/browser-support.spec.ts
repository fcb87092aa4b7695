// `/browser-support`: what this browser says of itself, and what follows from it.

import { holdBack, withoutImmediate, withoutWebAuthn } from '../../browser.ts';
import { withoutPasswords } from '../../credentials.ts';
import { expect, hydrated, open, test } from '../../fixtures.ts';
import type { Page } from '@playwright/test';

const row = (page: Page, name: string) => page.getByRole('row', { name, exact: false }).getByRole('cell');
const press = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });

test('a browser with all of it asks at once', async ({ page, authenticator }) => {
  expect(await authenticator.credentials()).toEqual([]);
  await open(page, '/browser-support');

  await expect(row(page, 'immediateGet')).toHaveText('available');
  await expect(row(page, 'conditionalCreate')).toHaveText('available');
  await expect(row(page, 'passkeyPlatformAuthenticator')).toHaveText('available');
  await expect(row(page, 'PasswordCredential')).toHaveText('available');
  await expect(press(page, '“Sign in” and “Check out”')).toContainText('asks at once: passkeys and passwords.');
  await expect(press(page, '“Sign in with a passkey”')).toContainText('asks at once: passkeys.');
  await expect(press(page, 'another device')).toContainText('opens the browser’s dialog');
  await expect(press(page, 'The username field')).toContainText('offers passkeys in its autofill');
});

test('without immediate requests, the header lets one choose', async ({ page }) => {
  await withoutImmediate(page);
  await open(page, '/browser-support');
  await expect(row(page, 'immediateGet')).toHaveText('absent');
  await expect(press(page, '“Sign in” and “Check out”')).toContainText('lets you choose a saved password');
  await expect(press(page, '“Sign in with a passkey”')).toContainText('opens the browser’s dialog');
});

test('without saved passwords either, it leads to the form', async ({ page }) => {
  await withoutImmediate(page);
  await withoutPasswords(page);
  await open(page, '/browser-support');
  await expect(row(page, 'immediateGet')).toHaveText('absent');
  await expect(row(page, 'PasswordCredential')).toHaveText('absent');
  await expect(press(page, '“Sign in” and “Check out”')).toContainText('leads to the form');
});

test('without WebAuthn, nothing is known but that', async ({ page }) => {
  await withoutWebAuthn(page);
  await open(page, '/browser-support');
  await expect(row(page, 'PublicKeyCredential')).toHaveText('absent');
  await expect(row(page, 'immediateGet')).toHaveText('unknown');
  await expect(press(page, '“Sign in with a passkey”')).toContainText('says that there are no passkeys here');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('every press follows its link, and nothing is claimed', async ({ page }) => {
    await page.goto('/browser-support');
    await expect(press(page, '“Sign in” and “Check out”')).toContainText('leads to the form');
    await expect(row(page, 'immediateGet')).toHaveText('unknown');
  });
});

for (const width of [390, 1280]) {
  test(`nothing moves when the browser answers, ${width} pixels wide`, async ({ page, authenticator }) => {
    expect(await authenticator.credentials()).toEqual([]);
    await page.setViewportSize({ width, height: 900 });
    const arrive = await holdBack(page, '**/latchkey.*.wasm');
    await page.goto('/browser-support');
    await expect(row(page, 'immediateGet')).toHaveText('unknown');
    const places = () => page.locator('.rungs li, .browser-support tr').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    const before = await places();
    arrive();
    await hydrated(page);
    await expect(row(page, 'immediateGet')).toHaveText('available');
    expect(await places()).toEqual(before);
  });
}
