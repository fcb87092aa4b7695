-- Where what opens an account came from, for an owner who wants to throw out what somebody else
-- left: the browser, and the session (by its handle) that made it. Empty: not known, or made with
-- the account itself.

ALTER TABLE passkeys ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
ALTER TABLE passkeys ADD COLUMN made_within TEXT NOT NULL DEFAULT '';

ALTER TABLE identities ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN made_within TEXT NOT NULL DEFAULT '';

ALTER TABLE recovery_codes ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE recovery_codes ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
ALTER TABLE recovery_codes ADD COLUMN made_within TEXT NOT NULL DEFAULT '';
