// Where the stores are that the tests visit. `playwright.config.ts` starts them.

// Not the port that `cargo leptos end-to-end` serves on.
export const ORIGIN = 'http://localhost:3100';
/** Accepts passkeys of verified models only (LATCHKEY_ATTESTATION=direct). */
export const ATTESTING = 'http://localhost:3101';
/** As that, but only of models that the tests' authenticators are not. */
export const OTHER_MODELS = 'http://localhost:3102';
