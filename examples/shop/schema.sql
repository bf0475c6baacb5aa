-- The shop's tables. Each shard has all of them; what differs is the rows.

CREATE TABLE countries (
  code text PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE customers (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  country text NOT NULL REFERENCES countries (code)
);

CREATE TABLE orders (
  customer_id bigint NOT NULL REFERENCES customers (id),
  number int NOT NULL,
  item text NOT NULL,
  price numeric(8, 2) NOT NULL CHECK (price >= 0),
  PRIMARY KEY (customer_id, number)
);

CREATE TABLE events (
  created_at timestamptz NOT NULL,
  customer_id bigint NOT NULL,
  what text NOT NULL,
  PRIMARY KEY (created_at, customer_id)
);
