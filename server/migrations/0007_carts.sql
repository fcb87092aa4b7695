-- A cart of a browser that never came back does not stay as long as one of a visitor who did.

-- When it is deleted; those of accounts never are.
ALTER TABLE carts ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 9223372036854775807;
UPDATE carts SET expires_at = updated_at + 2592000000 WHERE account_id IS NULL; -- 30 days
DROP INDEX carts_by_update;
CREATE INDEX carts_by_expiry ON carts (expires_at);
