INSERT INTO countries (code, name) VALUES
  ('br', 'Brazil'),
  ('jp', 'Japan'),
  ('ke', 'Kenya'),
  ('nz', 'New Zealand'),
  ('pt', 'Portugal'),
  ('se', 'Sweden');
