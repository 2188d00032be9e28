-- Bad input is refused with the path of the field, so that a form can show the error where it belongs.

CREATE OR REPLACE FUNCTION vapisync.refuse(path text, problem text, hint text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'invalid_parameter_value',
    MESSAGE = path || ': ' || problem,
    HINT = coalesce(hint, 'Nothing was saved. Correct the field and save again.');
END
$$;

-- A required text of 1 to `most` characters.
CREATE OR REPLACE FUNCTION vapisync.check_text(path text, value text, most integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF value IS NULL THEN
    PERFORM vapisync.refuse(path, 'is missing');
  ELSIF char_length(value) NOT BETWEEN 1 AND most THEN
    PERFORM vapisync.refuse(path, format('must be 1 to %s characters, got %s', most, char_length(value)));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_type(path text, value jsonb, wanted text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF value IS NULL THEN
    PERFORM vapisync.refuse(path, 'is missing');
  ELSIF jsonb_typeof(value) <> wanted THEN
    PERFORM vapisync.refuse(path, format('must be %s %s, got %s',
      CASE WHEN wanted ~ '^[aeiou]' THEN 'an' ELSE 'a' END, wanted, jsonb_typeof(value)));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_properties(path text, value jsonb, allowed text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF value - allowed <> '{}' THEN
    PERFORM vapisync.refuse(
      path || '.' || (SELECT min(k COLLATE "C") FROM jsonb_object_keys(value - allowed) k),
      'is not a known property', 'Known are: ' || array_to_string(allowed, ', ') || '.');
  END IF;
END
$$;
