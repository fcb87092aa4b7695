-- Federated providers, and automatic sign-in.

CREATE TABLE identities (
    id TEXT NOT NULL, -- UUID
    account_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    label TEXT NOT NULL, -- what the provider calls its owner; for display only
    linked_at BIGINT NOT NULL,
    CONSTRAINT identities_id_unique PRIMARY KEY (id),
    CONSTRAINT identities_subject_unique UNIQUE (issuer, subject),
    CONSTRAINT identities_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX identities_by_account ON identities (account_id);

-- Whether a saved password may sign in without being asked for.
ALTER TABLE accounts ADD COLUMN automatic BIGINT NOT NULL DEFAULT 1;
