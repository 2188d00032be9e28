-- A save is updated whenever a part of it ends. With room in its page that is a HOT update, which is half the log and no
-- new index entry; what was saved before stays where it is.
ALTER TABLE vapisync.saves SET (fillfactor = 50);
