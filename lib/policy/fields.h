/* Reading a map by a table of its fields: each row names a field, how it is read, where
 * it goes and what is allowed. Problems are noted, not returned, so that a text is read
 * to its end and all of them are found. Private to policy. */
#ifndef FORETOP_POLICY_FIELDS_H
#define FORETOP_POLICY_FIELDS_H

#include "base/base.h"
#include "policy/place.h"

struct field;

/* Reads the value at `at` (present, not null) into the object; leaves the object alone
 * when the value is wrong. */
typedef void field_reader(const struct place *at, const struct field *f, void *object);

struct field {
	const char *name;
	field_reader *read; /* NULL: a known name that is refused; `low` says why */
	size_t offset;      /* of the member in the object */
	int64_t min,
		max; /* of numbers and durations (ms); most bytes of a text (0: 253) */
	const char *low;   /* what to say under min; NULL: "must be from MIN to MAX" */
	const char *high;  /* the same above max */
	const void *table; /* the reader's own: a table of choices, a table of fields, a
			      text */
	size_t table_count;
};

/* A word of the text and the value it stands for. Tables end with a NULL name. */
struct choice {
	const char *name;
	int value;
};

/* Reads a map. Unknown names are problems and get the nearest known name, or all of them.
 * An absent map is fine. */
void fields_read(const struct place *at, const struct field *fields, size_t count,
		 void *object);

/* A map by the table in `table`, into the member at `offset`. */
field_reader field_map;
/* char *: a text of at most `max` bytes, on the heap; an empty one counts as absent. */
field_reader field_text;
/* bool */
field_reader field_bool;
/* int32_t: a whole number without quotes in [min, max]. */
field_reader field_int32;
/* int64_t: milliseconds, as a duration ("90s") in [min, max]. */
field_reader field_duration;
/* The same, or "Auto", which reads as 0. */
field_reader field_duration_or_auto;
/* int64_t: milli-units of a quantity > 0. */
field_reader field_quantity;
/* double: a quantity >= 0 as a number. */
field_reader field_fraction;
/* int or an enum: one of the words in `table` (struct choice). */
field_reader field_choice;
/* Known, accepted and not used: a map or a list of any content. */
field_reader field_ignored_map;
field_reader field_ignored_list;
/* Known, and read by the map's owner when the other fields are there. */
field_reader field_later;
/* Known, but only its default, the text in `table`, works in this version. */
field_reader field_default_only;
/* Known, but only empty in this version. */
field_reader field_empty_only;

/* The value of one of the words, or a problem; returns whether it was one. */
bool choice_read(const struct place *at, const struct choice *choices, int *ret_value);
/* The word of a value; "" for a value outside of the table. */
const char *choice_name(const struct choice *choices, int value);

/* A list, or a problem. */
bool list_check(const struct place *at);
/* A scalar, or a problem that says what is wanted instead. */
bool scalar_check(const struct place *at, const char *want);

#endif
