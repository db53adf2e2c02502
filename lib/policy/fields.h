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
/* int64_t: milliseconds since 1970 of an RFC 3339 time. */
field_reader field_time;
/* int64_t: milli-units of a quantity > 0. */
field_reader field_quantity;
/* double: a quantity >= 0 as a number. */
field_reader field_fraction;
/* double: a number in [min, max], which are whole numbers. */
field_reader field_number;
/* int or an enum: one of the words in `table` (struct choice). */
field_reader field_choice;
/* Known, accepted and not used: a map or a list of any content. */
field_reader field_ignored_map;
field_reader field_ignored_list;
/* Known, and read by the map's owner when the other fields are there. */
field_reader field_later;

/* The value of one of the words, or a problem; returns whether it was one. */
bool choice_read(const struct place *at, const struct choice *choices, int *ret_value);
/* The word of a value; "" for a value outside of the table. */
const char *choice_name(const struct choice *choices, int value);

/* A list, or a problem. */
bool list_check(const struct place *at);
/* A list of at most `max` items, or a problem. */
bool list_limit(const struct place *at, size_t max);
/* A scalar, or a problem that says what is wanted instead. */
bool scalar_check(const struct place *at, const char *want);
/* The whole text as a finite decimal number. Returns whether it is one. */
bool number_parse(const char *text, double *ret_value);
/* A finite decimal number, quoted or not, or a problem that says what is wanted instead;
 * returns whether it was one. */
bool number_read(const struct place *at, const char *want, double *ret_value);

#endif
