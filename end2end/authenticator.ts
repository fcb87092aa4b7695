// A device with passkeys, played by Chromium itself (CDP domain WebAuthn).

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { CDPSession, Page } from '@playwright/test';

/** `internal`: this device. `hybrid`: a phone, reached by its QR code. `usb`: a security key. */
export type Transport = 'internal' | 'hybrid' | 'usb';

/** Whether new passkeys may have copies elsewhere, and have them. */
export type Copies = { defaultBackupEligibility?: boolean; defaultBackupState?: boolean };

type NewCredential = {
  credentialId: string;
  userHandle: string;
  /** PKCS #8 */
  privateKey: string;
  signCount: number;
  userName?: string;
  userDisplayName?: string;
  backupEligibility?: boolean;
  backupState?: boolean;
};

export class Authenticator {
  private constructor(
    private readonly cdp: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  static async attach(page: Page, transport: Transport, copies: Copies = {}): Promise<Authenticator> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...copies,
      },
    });
    return new Authenticator(cdp, authenticatorId);
  }

  async credentials() {
    const { authenticatorId } = this;
    return (await this.cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Whether its owner proves to be there, by fingerprint, face or PIN. */
  async confirms(isUserVerified: boolean) {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  /** Whether its owner answers at all: if not, requests stay pending. */
  async answers(enabled: boolean) {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  }

  /**
   * Adds a passkey for this shop that the shop has never heard of: of nobody it
   * knows, or of the account with this id.
   */
  async addStranger(account?: string) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await this.add({
      credentialId: randomBytes(16).toString('base64'),
      userHandle: (account ? handle(account) : randomBytes(16)).toString('base64'),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      signCount: 1,
    });
  }

  /** Adds a passkey for this shop. Everything in it is plain base64. */
  async add(credential: NewCredential) {
    await this.cdp.send('WebAuthn.addCredential', {
      authenticatorId: this.authenticatorId,
      credential: { ...credential, isResidentCredential: true, rpId: 'localhost' },
    });
  }

  /** From now on its one passkey, which may have copies elsewhere, has them or has none. */
  async synchronises(backupState: boolean) {
    const { authenticatorId } = this;
    const [{ credentialId }] = await this.credentials();
    const properties = { authenticatorId, credentialId, backupEligibility: true, backupState };
    await this.cdp.send('WebAuthn.setCredentialProperties', properties);
  }

  /** A device that was lost. */
  async detach() {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }

  /** A device that was reset. */
  async forgetAll() {
    const { authenticatorId } = this;
    await this.cdp.send('WebAuthn.clearCredentials', { authenticatorId });
  }
}

/** What WebAuthn calls the user handle: the bytes of the account's id. */
export function handle(account: string): Buffer {
  return Buffer.from(account.replaceAll('-', ''), 'hex');
}
