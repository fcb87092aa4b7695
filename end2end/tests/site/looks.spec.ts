// What pages look like, to eyes and to screen readers.

import type { Locator, Page } from '@playwright/test';
import { creatingByItself, withoutConditionalCreate } from '../../browser.ts';
import type { Database } from '../../database.ts';
import { continueWith } from '../../federation.ts';
import {
  addToCart,
  completed,
  expect,
  expectAccessible,
  expectSignedIn,
  frames,
  hydrated,
  offer,
  open,
  placeOrder,
  saved,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signUp,
  test,
  visit,
  type Person,
} from '../../fixtures.ts';

test.describe('in light and in dark colours', () => {
  test('a stranger’s pages are accessible', async ({ page, mishaps }) => {
    test.slow();
    mishaps.expect('404: GET /nowhere');
    for (const path of ['/', '/products/lantern', '/products/umbrella-stand', '/cart', '/sign-in', '/sign-up', '/one-button', '/browser-support', '/nowhere']) {
      await visit(page, path);
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
    await expect(page).toHaveURL('/checkout');
    await expectAccessible(page);
    await placeOrder(page);
    await expectAccessible(page);
    await page.goto('/account');
    await expectAccessible(page);
  });

  test('what went wrong is shown accessibly', async ({ page, person, authenticator, mishaps }) => {
    // A refused form is posted again the ordinary way, for its page.
    mishaps.expect('401: POST /sign-in', '401: POST /sign-in');
    mishaps.expect('422: POST /api/passkey/sign-up/start', '422: POST /sign-up');
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

test.describe('in light and in dark colours, with an account', () => {
  test('its pages are accessible', async ({ page, ownerWithPassword, database }) => {
    test.slow();
    for (const path of accountPages(database, ownerWithPassword)) {
      await page.goto(path);
      await expectAccessible(page);
    }
    // With everything unfolded that can be.
    await page.goto('/account');
    for (const summary of await page.locator('summary').all()) await summary.click();
    await expectAccessible(page);

    await page.goto('/account/recovery-codes');
    await page.getByRole('button', { name: 'Make ten recovery codes' }).click();
    await expect(page.getByRole('list', { name: 'Recovery codes' })).toBeVisible();
    await expectAccessible(page);

    await page.goto('/account/delete');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await expect(page).toHaveURL('/goodbye');
    await expectAccessible(page);
  });

  test('the step after a password, and the way back in without anything, are accessible', async ({
    page,
    authenticator,
    ownerWithPassword,
  }) => {
    await page.goto('/account/second-factor');
    await page.getByRole('button', { name: 'Switch on' }).click();
    await expect(page.getByText('From now on, a passkey is asked for after your password.')).toBeVisible();
    await expectAccessible(page);
    await authenticator.answers(false);
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, ownerWithPassword);
    await expect(page).toHaveURL('/second-factor?next=/cart');
    await page.getByText('Use a recovery code instead').click();
    await expectAccessible(page);
    await open(page, '/recover');
    await expectAccessible(page);
  });

  test('the offer of a passkey is accessible, and so is what comes of it', async ({ page, authenticator, passwordOwner }) => {
    await withoutConditionalCreate(page);
    await signInByRequest(page.request, passwordOwner);
    await open(page, '/');
    await expect(offer(page)).toBeVisible();
    await expectAccessible(page);
    await offer(page).getByRole('button', { name: 'Create a passkey' }).click();
    await expect(saved(page).getByRole('link', { name: 'See your passkeys' })).toBeVisible();
    expect(await authenticator.credentials()).toHaveLength(1);
    await expectAccessible(page);
  });
});

async function signIn(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
}

/** Each kind of page that somebody with an account can see just after a sign-in. */
function accountPages(database: Database, { username }: Person): string[] {
  const [{ id: passkey }] = database.of(username, 'passkeys');
  const [{ id: event }] = database.of(username, 'events');
  return [
    '/account',
    '/account/passkeys/new',
    `/account/passkeys/${passkey}/delete`,
    '/account/password',
    '/account/second-factor',
    '/account/recovery-codes',
    '/account/review',
    `/account/events/${event}`,
    '/account/delete',
    '/confirm?next=/account',
  ];
}

/** What the page has fetched, without what stands in its name for what is in it, and why. */
async function scripts(page: Page) {
  const fetched = await page.evaluate(() => {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    // Nothing is transferred for what the policy refuses.
    const transferred = entries.filter(({ transferSize }) => transferSize > 0);
    return transferred.map(({ name, initiatorType }) => [name.split('/').at(-1)!, initiatorType]);
  });
  return fetched
    .filter(([name]) => /\.(js|wasm)$/.test(name))
    .map(([name, why]) => [name.replace(/^(\w+)\.[\w-]{16}\./, '$1.'), why]);
}

test('each script is fetched once, and as soon as it is announced', async ({ page }) => {
  await open(page, '/');
  const fetched = await scripts(page);
  // Not by "script": that is when the page is at rest.
  expect(Object.fromEntries(fetched)).toEqual({ 'latchkey.js': 'other', 'latchkey.wasm': 'link' });
  expect(fetched).toHaveLength(2);
});

test('a page that nothing comes alive on has no script', async ({ page, ownerWithPassword }) => {
  // The first page tells the passkey manager of the account.
  const told = completed(page, 'signalled', '/');
  await page.goto('/');
  await told;
  for (const path of ['/', '/products/lantern', '/cart']) {
    await open(page, path);
    await expectSignedIn(page, ownerWithPassword);
    // Leptos' own note that nothing is to come is there all the same.
    await expect(page.locator('script[type=module], link[rel$=preload]')).toHaveCount(0);
  }
});

test('what a page names is never asked for again', async ({ page, request }) => {
  await page.goto('/');
  const names = await page.locator('link[href], img').evaluateAll((all: any[]) => all.map((one) => one.href ?? one.src));
  const assets = names.filter((name) => /\/(pkg|images)\//.test(name));
  expect(assets.length).toBeGreaterThan(10);
  for (const asset of assets) {
    const answer = await request.get(asset);
    await expect(answer).toBeOK();
    expect(answer.headers()['cache-control']).toBe('public, max-age=31536000, immutable');
  }
});

test.describe('the icon really shows', () => {
  test('of a provider, on its button', async ({ page }) => {
    await visit(page, '/sign-in');
    await expectPainted(continueWith(page, 'Example').locator('img'));
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`of what keeps a passkey, on its card, in ${colorScheme} colours`, async ({ page, passwordOwner }) => {
      await page.emulateMedia({ colorScheme });
      await creatingByItself(page);
      await signInByRequest(page.request, passwordOwner);
      await page.goto('/cart');
      await saved(page).getByRole('link', { name: 'See your passkeys' }).click();
      const card = page.getByRole('region', { name: 'Passkeys' }).getByRole('listitem');
      await expectPainted(card.locator('img'));
    });
  }
});

/** That it is there says nothing: the browser may have been forbidden to load it, or unable to read it. */
async function expectPainted(image: Locator) {
  await expect(image).toBeVisible();
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
}

test.describe('nothing moves while a page loads and comes alive:', () => {
  test('a stranger’s', async ({ page }) => {
    await expectStill(page, ['/', '/products/lantern', '/products/coat-hook', '/cart', '/sign-in', '/sign-up', '/one-button', '/recover', '/goodbye']);
  });

  test('a customer’s', async ({ page, ownerWithPassword, database }) => {
    await expectStill(page, accountPages(database, ownerWithPassword));
  });

  test('the step after a password', async ({ page, authenticator, ownerOfBoth, request }) => {
    await signInByRequest(request, ownerOfBoth);
    await expect(await request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
    await authenticator.answers(false);
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, ownerOfBoth);
    await expect(page).toHaveURL('/second-factor?next=/cart');
    await expectStill(page, ['/second-factor?next=/cart']);
  });

  test('any, with the offer of a passkey', async ({ page, passwordOwner }) => {
    await withoutConditionalCreate(page);
    await signInByRequest(page.request, passwordOwner);
    await expectStill(page, ['/', '/products/lantern', '/cart', '/account'], () => expect(offer(page)).toBeVisible());
  });
});

async function expectStill(page: Page, paths: string[], complete = async () => {}) {
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
  for (const path of paths) {
    await visit(page, path);
    expect(new URL(page.url()).pathname).toBe(path.split('?')[0]);
    await complete();
    await frames(page);
  }
  expect(shifts).toEqual([]);
}

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

  test('a passkey’s card', async ({ page, passkeyOwner }) => {
    await signIn(page, passkeyOwner);
    await page.goto('/account');
    await expect(page.getByRole('region', { name: 'Passkeys' })).toMatchAriaSnapshot(`
      - region "Passkeys":
        - heading "Passkeys" [level=2]
        - list:
          - listitem:
            - heading "Passkey" [level=3]
            - list:
              - listitem: This device only
              - listitem: This device
            - term: Created
            - definition:
              - time
            - term: Last used
            - definition:
              - time
              - text: with Chrome on Linux
            - group: Rename Passkey
            - link "Delete Passkey"
        - paragraph:
          - link "Add a passkey":
            - /url: /account/passkeys/new
    `);
  });

  test('the page that asks once more', async ({ page, ownerWithPassword }) => {
    await open(page, '/confirm?next=/account/password');
    await expectSignedIn(page, ownerWithPassword);
    await expect(page.getByRole('main')).toMatchAriaSnapshot(`
      - main:
        - heading "Confirm that it is you" [level=1]
        - paragraph: What comes next changes how this account is signed in to, or deletes it, so the store asks once more. This holds for five minutes.
        - button "Use a passkey"
        - status
        - text: Password
        - textbox "Password"
        - button "Use the password"
        - paragraph:
          - text: Neither at hand?
          - link "Use a recovery code":
            - /url: /recover?next=/account/password
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
