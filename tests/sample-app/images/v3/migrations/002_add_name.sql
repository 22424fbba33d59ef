ALTER TABLE customers ADD COLUMN name TEXT;

UPDATE customers SET name = replace(email, '@example.com', '');
