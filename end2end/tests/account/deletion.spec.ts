// `/account/delete`, and what is left.

import { expectNotice, expectSignedOut, test } from '../../account.ts';
import { addToCart, completed, expect, open, placeOrder, signInByRequest, signInLink } from '../../fixtures.ts';

test.describe('deleting the account', () => {
  test('leaves nothing but the order, without the person', async ({
    page,
    context,
    ownerWithPassword,
    authenticator,
    request,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    await addToCart(page, 'key-bowl');
    await page.getByRole('link', { name: 'Check out' }).click();
    const number = await placeOrder(page);
    expect(database.order(number)).toMatchObject([{ delivery_name: ownerWithPassword.name }]);
    await page.goto('/account');
    await page.getByRole('link', { name: 'Delete this account' }).click();
    await expect(page.getByRole('heading', { name: 'Delete your account' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('Your orders, without your name and address.');
    await page.getByRole('button', { name: 'Delete my account' }).click();

    await expect(page).toHaveURL('/goodbye');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Goodbye');
    await expectNotice(page, 'Your account is deleted.');
    await expect(signInLink(page)).toBeVisible();
    expect(database.accounts(username)).toEqual([]);
    expect(database.order(number)).toMatchObject([{ account_id: null, delivery_name: '', delivery_address: '' }]);
    expect(database.orderLines(number)).toEqual([{ slug: 'key-bowl', quantity: 1 }]);
    await expect.poll(() => authenticator.credentials()).toEqual([]);

    const post = await request.post('/sign-in', { form: { username, password } });
    expect(post.status()).toBe(401);
    expect((await context.request.get(`/orders/${number}`)).url()).toContain('/sign-in');
    await page.goto('/goodbye');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Goodbye');
    await expect(page.getByText('Your account is deleted.')).toHaveCount(0); // said once
    await expectSignedOut(page);
  });

  test('ends its sessions elsewhere too', async ({ page, ownerWithPassword, elsewhere, database }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(2);
    await open(page, '/account/delete');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await expect(page).toHaveURL('/goodbye');
    await expectSignedOut(elsewhere);
  });

  test('leaves a passkey that the device still has without an account', async ({
    page,
    owner,
    authenticator,
    database,
    mishaps,
  }) => {
    mishaps.expect('404: POST /api/passkey/sign-in/finish');
    // A password manager that does not know signals.
    await page.addInitScript(() => delete (PublicKeyCredential as any).signalAllAcceptedCredentials);
    await open(page, '/account/delete');
    const told = completed(page, 'signalled', '/goodbye');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await expect(page).toHaveURL('/goodbye');
    await told;
    expect(await authenticator.credentials()).toHaveLength(1);
    await signInLink(page).click();

    await expect(page.getByRole('banner').getByRole('status')).toContainText('This store does not know that passkey');
    expect(database.accounts(owner.username)).toEqual([]);
    await expect.poll(() => authenticator.credentials()).toEqual([]);
  });
});
