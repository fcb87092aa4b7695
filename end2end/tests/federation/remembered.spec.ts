// What a browser remembers of a sign-in with a provider.

import {
  ANSWER,
  cancelThere,
  chooseNames,
  overhearStored,
  signInThere,
  signInWithExample,
  test,
  withoutFedCm,
} from '../../federation.ts';
import {
  armed,
  expect,
  expectSignedIn,
  hydrated,
  open,
  pressSignOut,
  signInLink,
  type Person,
} from '../../fixtures.ts';
import { ORIGIN, PROVIDER } from '../../shops.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

test.describe('the browser remembers the provider', () => {
  const remembered = (login: string, { name }: Person) => ({
    kind: 'FederatedCredential',
    type: 'federated',
    id: login,
    name,
    provider: PROVIDER,
    iconURL: `${ORIGIN}/favicon.svg`,
  });

  test('after a sign-in, once', async ({ page, login, exampleOwner }) => {
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    await expect.poll(() => stored).toEqual([remembered(login, exampleOwner)]);

    for (const path of ['/products/lantern', '/account', '/']) await open(page, path);
    expect(stored).toHaveLength(1);
  });

  test('after a first sign-in, once there is an account', async ({ page, login, person }) => {
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    await hydrated(page);
    expect(stored).toEqual([]);
    await chooseNames(page, person);
    await expect.poll(() => stored).toEqual([remembered(login, person)]);
  });

  test('and a browser that remembers nothing misses nothing', async ({ page, exampleOwner, database }) => {
    await page.addInitScript(() => {
      delete (window as any).FederatedCredential;
      delete (CredentialsContainer.prototype as any).preventSilentAccess;
    });
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    await pressSignOut(page);
    await hydrated(page);
    await expect(signInLink(page)).toBeVisible();
    expect(database.of(exampleOwner.username, 'sessions')).toEqual([]);
  });

  test('not after a sign-in that came to nothing', async ({ page, mishaps }) => {
    mishaps.expect(ANSWER);
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    const ready = armed(page, '/federated/example/callback');
    await cancelThere(page);
    await ready;
    await open(page, '/cart');
    expect(stored).toEqual([]);
  });
});
