-- Challenges prove by themselves what they are for, so that a start writes nothing: see
-- server/src/session/challenge.rs. What is kept is that one was used.

DROP TABLE challenges;

CREATE TABLE used_challenges (
    challenge TEXT NOT NULL, -- unpadded base64url; or the state of an authorization request
    expires_at BIGINT NOT NULL, -- from then on the challenge is refused by its age
    CONSTRAINT used_challenges_challenge_unique PRIMARY KEY (challenge)
);
CREATE INDEX used_challenges_by_expiry ON used_challenges (expires_at);

-- What all servers of one shop share, made by the first of them.
CREATE TABLE secrets (
    name TEXT NOT NULL,
    value TEXT NOT NULL, -- unpadded base64url
    CONSTRAINT secrets_name_unique PRIMARY KEY (name)
);

-- An account has its cart from the beginning, and the account's row is the lock of it.
INSERT INTO carts (id, account_id, updated_at)
    SELECT 'account:' || a.id, a.id, a.created_at FROM accounts a
    WHERE NOT EXISTS (SELECT 1 FROM carts c WHERE c.account_id = a.id);

-- What the owner ends a session by: its id changes with every proof. NULL: the session is from
-- before, or nobody's.
ALTER TABLE sessions ADD COLUMN handle TEXT;
