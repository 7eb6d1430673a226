-- Keys of other tools: they hand alerts in and see nothing.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check CHECK (role IN ('reporter', 'viewer', 'operator', 'admin'));
