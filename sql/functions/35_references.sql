-- References between resources: `{"$ref": "KIND/KEY"}` anywhere in a document stands for the Vapi id of another
-- resource of the same org.

-- Every key of a document that begins with `$`. `target` is what a well-formed reference names, else null.
CREATE OR REPLACE FUNCTION vapisync.dollar_keys(document jsonb, OUT path text, OUT key text, OUT target text)
RETURNS SETOF record LANGUAGE sql IMMUTABLE AS $$
  WITH RECURSIVE walk(path, value) AS (
    SELECT '', document
    UNION ALL
    SELECT w.path || c.step, c.value
    FROM walk w, LATERAL (
      SELECT '.' || e.key, e.value
      FROM jsonb_each(CASE WHEN jsonb_typeof(w.value) = 'object' THEN w.value ELSE '{}' END) e
      UNION ALL
      SELECT format('[%s]', a.place - 1), a.value
      FROM jsonb_array_elements(CASE WHEN jsonb_typeof(w.value) = 'array' THEN w.value ELSE '[]' END)
           WITH ORDINALITY a(value, place)) c(step, value)
  )
  SELECT w.path, k.key,
    CASE WHEN w.path <> '' AND w.object - '$ref' = '{}' AND jsonb_typeof(w.object -> '$ref') = 'string'
              AND w.object ->> '$ref' ~ '^[a-z][a-z_]*/.' THEN w.object ->> '$ref' END
  FROM (SELECT x.path, CASE WHEN jsonb_typeof(x.value) = 'object' THEN x.value ELSE '{}' END AS object FROM walk x) w,
       LATERAL jsonb_object_keys(w.object) k(key)
  WHERE k.key LIKE '$%'
$$;

CREATE OR REPLACE FUNCTION vapisync.resource_name(kind text, key text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT kind || '/' || key $$;

-- What a document refers to, with its place; `resource_id` is null when there is no such resource.
CREATE OR REPLACE FUNCTION vapisync.document_references(
  org_id text, document jsonb, OUT path text, OUT target text, OUT resource_id bigint)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
  SELECT d.path, d.target, r.resource_id
  FROM vapisync.dollar_keys(document) d
  LEFT JOIN vapisync.resources r
    ON r.org_id = document_references.org_id
    AND r.kind = split_part(d.target, '/', 1) AND r.key = substr(d.target, strpos(d.target, '/') + 1)
  WHERE d.target IS NOT NULL
$$;

-- Records what the newest document refers to. What the live one refers to stays known beside it.
CREATE OR REPLACE FUNCTION vapisync.link_references(id bigint, org_id text, document jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint[] := ARRAY(
    SELECT DISTINCT d.resource_id FROM vapisync.document_references(link_references.org_id, document) d
    WHERE d.resource_id IS NOT NULL);
BEGIN
  DELETE FROM vapisync.resource_refs f
  WHERE f.resource_id = id AND NOT f.in_live AND f.refers_to <> ALL (wanted);
  UPDATE vapisync.resource_refs f SET in_desired = f.refers_to = ANY (wanted)
  WHERE f.resource_id = id AND f.in_desired <> (f.refers_to = ANY (wanted));
  INSERT INTO vapisync.resource_refs (resource_id, refers_to, in_desired)
  SELECT id, w, true FROM unnest(wanted) w
  ON CONFLICT (resource_id, refers_to) DO NOTHING;
END
$$;

-- Does this resource wait for itself, over however many others?
CREATE OR REPLACE FUNCTION vapisync.refers_to_itself(id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE reached(id) AS (
    SELECT f.refers_to FROM vapisync.resource_refs f
    WHERE f.resource_id = refers_to_itself.id AND f.in_desired
    UNION
    SELECT f.refers_to
    FROM reached x, LATERAL (SELECT y.refers_to FROM vapisync.resource_refs y
                             WHERE y.resource_id = x.id AND y.in_desired OFFSET 0) f
  )
  SELECT EXISTS (SELECT FROM reached x WHERE x.id = refers_to_itself.id)
$$;

-- Takes away what refers to nothing that is left, again and again. What remains after so many rounds refers in a
-- circle, or over so many others.
CREATE OR REPLACE FUNCTION vapisync.entangled(ids bigint[], rounds integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  rest bigint[];
BEGIN
  WITH RECURSIVE reached(id) AS (
    SELECT i FROM unnest(ids) i
    UNION
    SELECT f.refers_to
    FROM reached x, LATERAL (SELECT y.refers_to FROM vapisync.resource_refs y
                             WHERE y.resource_id = x.id AND y.in_desired OFFSET 0) f
  )
  SELECT array_agg(x.id) INTO rest FROM reached x;
  FOR i IN 1..rounds LOOP
    EXIT WHEN rest = '{}';
    rest := ARRAY(
      SELECT n FROM unnest(rest) n
      WHERE EXISTS (SELECT FROM vapisync.resource_refs f
                    WHERE f.resource_id = n AND f.in_desired AND f.refers_to = ANY (rest)));
  END LOOP;
  RETURN rest;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.is_wanted(id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT o.op = 'upsert' FROM vapisync.resources r
                   JOIN vapisync.outbox o ON o.resource_id = r.resource_id AND o.version = r.desired_version
                   WHERE r.resource_id = id), false)
$$;

-- The references that a save makes must be to something wanted. Of two saves that can't see each other one may slip
-- through: the daemon finds it (engine/facts.sql).
CREATE OR REPLACE FUNCTION vapisync.check_references(org_id text, document jsonb, path text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  bad record;
BEGIN
  SELECT d.* INTO bad FROM vapisync.document_references(check_references.org_id, document) d
  WHERE d.resource_id IS NULL OR NOT vapisync.is_wanted(d.resource_id)
  ORDER BY d.path COLLATE "C" LIMIT 1;
  IF FOUND THEN
    PERFORM vapisync.refuse(path || bad.path, format('refers to %s, which %s', bad.target,
        CASE WHEN bad.resource_id IS NULL THEN 'does not exist' ELSE 'is deleted' END),
      'Save it first, or in the same save.');
  END IF;
END
$$;

-- Nothing may wait for itself, nor at the end of a chain that nobody needs.
CREATE OR REPLACE FUNCTION vapisync.check_untangled(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  rest bigint[] := vapisync.entangled(ids, 20);
BEGIN
  IF rest <> '{}' THEN
    PERFORM vapisync.refuse((SELECT min(vapisync.resource_name(r.kind, r.key) COLLATE "C") FROM vapisync.resources r
                             WHERE r.resource_id = ANY (rest) AND r.resource_id = ANY (ids)),
      'refers to itself over others, or to others over more than 20');
  END IF;
END
$$;

-- Nothing that is wanted may refer to what is deleted; what the same save changes is seen as it is afterwards.
CREATE OR REPLACE FUNCTION vapisync.check_unreferenced(id bigint, path text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  referrers text := (
    SELECT string_agg(vapisync.resource_name(r.kind, r.key), ', ' ORDER BY r.kind COLLATE "C", r.key COLLATE "C")
    FROM vapisync.resource_refs f JOIN vapisync.resources r ON r.resource_id = f.resource_id
    WHERE f.refers_to = id AND f.in_desired);
BEGIN
  IF referrers IS NOT NULL THEN
    PERFORM vapisync.refuse(path, 'cannot be deleted: ' || referrers || ' refers to it',
      'Save that without the reference first, or in the same save.');
  END IF;
END
$$;
