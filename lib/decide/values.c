#include "decide/values.h"

#include "decide/numbers.h"

#include "base/base.h"

#include <stddef.h>

static bool key_before(const void *a, const void *b)
{
	const struct pod_value *x = a, *y = b;
	return x->key < y->key;
}

static void add(struct pod_value *to, const struct pod_value *v)
{
	to->value_m = wide_to_int64((wide)to->value_m + v->value_m);
	to->containers = wide_to_int32((wide)to->containers + v->containers);
	to->time_ms = min_int64(to->time_ms, v->time_ms);
	to->window_ms = max_int32(to->window_ms, v->window_ms);
}

int32_t pod_values_merge(struct pod_value *values, int32_t count)
{
	if (count <= 0)
		return 0;
	sort_in_place(values, (size_t)count, sizeof(values[0]), key_before);
	int32_t last = 0;
	for (int32_t i = 1; i < count; i++) {
		if (values[i].key == values[last].key)
			add(&values[last], &values[i]);
		else
			values[++last] = values[i];
	}
	return last + 1;
}

/* Without a branch on what is compared, which nobody could foresee: keys are hashes. */
const struct pod_value *pod_values_find(const struct metric_values *values, uint64_t key)
{
	const struct pod_value *base = values->pods;
	for (int32_t left = values->count; left > 1;) {
		int32_t half = left / 2;
		base += base[half].key <= key ? half : 0;
		left -= half;
	}
	return values->count > 0 && base->key == key ? base : NULL;
}
