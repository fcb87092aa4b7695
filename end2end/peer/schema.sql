-- What Latchkey's tables (server/migrations) have of what is measured. BIGSERIAL is the one word
-- that SQLite has otherwise.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY, -- UUID; its bytes are the user handle
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY, -- credential id
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    public_key TEXT NOT NULL, -- COSE key, base64url
    counter BIGINT NOT NULL,
    backed_up BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX passkeys_by_account ON passkeys (account_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    data TEXT NOT NULL, -- express-session's, as JSON
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE events (
    id BIGSERIAL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    browser TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX events_by_account ON events (account_id, at);

CREATE TABLE products (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    price BIGINT NOT NULL, -- euro cents
    stock BIGINT NOT NULL
);

CREATE TABLE cart_lines (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    product_id BIGINT NOT NULL REFERENCES products (id),
    quantity BIGINT NOT NULL,
    PRIMARY KEY (account_id, product_id)
);
