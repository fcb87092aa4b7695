// What pages look like, to eyes and to screen readers.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { addToCart, expect, hydrated, open, placeOrder, signUp, test, type Person } from '../fixtures.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    test.use({ colorScheme });

    test('a stranger’s pages are accessible', async ({ page, mishaps }) => {
      mishaps.expect('404: GET /nowhere');
      for (const path of ['/', '/products/lantern', '/products/umbrella-stand', '/cart', '/sign-in', '/sign-up', '/one-button', '/nowhere']) {
        await open(page, path);
        await expectAccessible(page);
      }
      await addToCart(page, 'key-bowl');
      await hydrated(page);
      await expectAccessible(page);
    });

    test('a customer’s pages are accessible', async ({ page, authenticator, person }) => {
      expect(await authenticator.credentials()).toHaveLength(0);
      await open(page, '/sign-up');
      await signUp(page, person);
      await expect(page).toHaveURL('/');
      await addToCart(page, 'coat-hook');
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Check out' }).click();
      await expectAccessible(page);
      await placeOrder(page);
      await expectAccessible(page);
      await page.goto('/account');
      await expectAccessible(page);
    });

    test('what went wrong is shown accessibly', async ({ page, person, authenticator, mishaps }) => {
      mishaps.expect('401: POST /sign-in', '422: POST /api/passkey/sign-up/start', '422: POST /sign-up');
      expect(await authenticator.credentials()).toHaveLength(0);
      await open(page, '/sign-in');
      await page.getByLabel('Username').fill(person.username);
      await page.getByLabel('Password').fill(person.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      await expectAccessible(page);

      await hydrated(page);
      await page.getByRole('link', { name: 'Use a passkey from another device' }).click();
      await expect(page.getByText('No passkey was used.')).toBeVisible();
      await expectAccessible(page);

      await open(page, '/sign-up');
      await signUp(page, { ...person, username: 'Ada Lovelace' });
      await expect(page.getByLabel('Username')).toHaveAttribute('aria-invalid', 'true');
      await expectAccessible(page);
    });
  });
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
  expect(found, page.url()).toEqual([]);
}

test('nothing moves while a page loads and comes alive', async ({ page }) => {
  const shifts: string[] = [];
  await page.exposeFunction('shifted', (shift: string) => shifts.push(shift));
  await page.addInitScript(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as any[]) {
        const moved = entry.sources.map(({ node }: { node?: Element }) => node?.outerHTML ?? node?.nodeName);
        (window as any).shifted(`${location.pathname} by ${entry.value}: ${moved}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of ['/', '/products/lantern', '/products/coat-hook', '/cart', '/sign-in', '/sign-up', '/one-button']) {
    await open(page, path);
    // Two frames after the last change, the observer has been told of it.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  expect(shifts).toEqual([]);
});

test.describe('to a screen reader', () => {
  test('the sign-in page', async ({ page }) => {
    await open(page, '/sign-in');
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - main:
        - heading "Sign in" [level=1]
        - text: Username
        - paragraph: If you have a passkey, your browser can offer it here.
        - textbox "Username"
        - text: Password
        - textbox "Password"
        - button "Sign in"
        - status
        - paragraph: Is your passkey on a phone or a security key? Your browser will show a QR code to scan with the phone, or ask you to touch the key.
        - link "Use a passkey from another device":
          - /url: /one-button?next=/
        - status
        - paragraph:
          - text: New here?
          - link "Create an account":
            - /url: /sign-up?next=/
    `);
  });

  test('the sign-up page', async ({ page }) => {
    await open(page, '/sign-up');
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - main:
        - heading "Create an account" [level=1]
        - text: Username
        - paragraph: 3 to 64 letters, digits or @ . _ - will do. An e-mail address is fine.
        - textbox "Username"
        - text: Your name
        - paragraph: What the store calls you.
        - textbox "Your name"
        - paragraph: Your device will ask you to save a passkey for this store and to confirm with your fingerprint, your face or its PIN. There is nothing to remember.
        - button "Create account with a passkey"
        - group: Use a password instead
        - status
        - paragraph:
          - text: Already have an account?
          - link "Sign in":
            - /url: /sign-in?next=/
    `);
  });

  test('the one-button page', async ({ page }) => {
    await open(page, '/one-button');
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - main:
        - heading "Choose your passkey to sign in" [level=1]
        - paragraph: Your browser will show the passkeys you have for this store. Choose one, and confirm that it is you.
        - link "Sign in with a passkey"
        - status
        - paragraph:
          - link "Sign in with a form instead":
            - /url: /sign-in?next=/
    `);
  });

  test('the cart, and the header above it', async ({ page }) => {
    await addToCart(page, 'key-bowl');
    await hydrated(page);
    await expect(page.getByRole('banner')).toMatchAriaSnapshot(`
      - banner:
        - link "Latchkey":
          - /url: /
        - navigation "Main":
          - list:
            - listitem:
              - link "Catalogue"
            - listitem:
              - 'link "Cart with pieces: 1"'
            - listitem:
              - link "Sign in":
                - /url: /sign-in?next=/cart
              - status
    `);
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - main:
        - heading "Cart" [level=1]
        - list:
          - listitem:
            - heading "Stoneware key bowl" [level=2]:
              - link "Stoneware key bowl"
            - paragraph: € 26.00 each
            - paragraph: € 26.00
            - text: Quantity of Stoneware key bowl
            - spinbutton "Quantity of Stoneware key bowl": "1"
            - button "Update Stoneware key bowl"
            - button "Remove Stoneware key bowl"
        - paragraph:
          - text: Total
          - strong: € 26.00
        - link "Check out":
          - /url: /checkout
        - status
        - paragraph: You will be asked to sign in first.
    `);
  });
});
