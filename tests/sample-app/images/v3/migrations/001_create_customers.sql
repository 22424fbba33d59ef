-- Two rows share an e-mail address on purpose: 003 of the third image has to meet real data.
CREATE TABLE customers (
    id    INTEGER PRIMARY KEY,
    email TEXT NOT NULL
);

INSERT INTO customers (id, email) VALUES
    (1, 'ada@example.com'),
    (2, 'grace@example.com'),
    (3, 'ada@example.com');
