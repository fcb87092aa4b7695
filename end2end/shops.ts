// Where the shops are that the tests visit. `playwright.config.ts` starts them.

/** The first of three ports. Not the one that `cargo leptos end-to-end` serves on. */
const PORT = Number(process.env.END2END_PORT ?? 3100);

export const ORIGIN = `http://localhost:${PORT}`;
/** The OpenID Connect provider of `provider.ts`. */
export const PROVIDER = `http://localhost:${PORT + 10}`;
/** One that does not answer: nobody listens there. */
export const FARAWAY = `http://localhost:${PORT + 11}`;
/** Accepts passkeys of verified models only (LATCHKEY_ATTESTATION=direct). */
export const ATTESTING = `http://localhost:${PORT + 1}`;
/** As that, but only of models that the tests' authenticators are not. */
export const OTHER_MODELS = `http://localhost:${PORT + 2}`;
