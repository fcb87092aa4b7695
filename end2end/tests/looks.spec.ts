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

test.describe('with motion', () => {
  test.use({ contextOptions: { reducedMotion: 'no-preference' } });

  test('a picture travels from the catalogue to its page and back', async ({ page }) => {
    await page.exposeFunction('revealed', (path: string) => revealed.push(path));
    await page.addInitScript(() => {
      addEventListener('pagereveal', async (event: any) => {
        await event.viewTransition?.finished;
        if (event.viewTransition) (window as any).revealed(location.pathname);
      });
    });
    const revealed: string[] = [];
    await open(page, '/');
    await page.getByRole('link', { name: 'Wall lantern' }).click();
    await hydrated(page);
    await expect.poll(() => revealed).toEqual(['/products/lantern']);
    await page.getByRole('link', { name: 'Back to the catalogue' }).click();
    await expect.poll(() => revealed).toEqual(['/products/lantern', '/']);
  });
});
