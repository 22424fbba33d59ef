-- The index refuses the two rows of 001, so this migration fails. The column before it must be gone
-- again afterwards: one migration is one transaction.
ALTER TABLE customers ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX customers_email ON customers (email);
