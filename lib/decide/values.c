#include "decide/values.h"

#include "decide/numbers.h"

#include <stddef.h>

static void swap(struct pod_value *a, struct pod_value *b)
{
	struct pod_value t = *a;
	*a = *b;
	*b = t;
}

static void sift_down(struct pod_value *heap, int32_t root, int32_t count)
{
	for (int32_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && heap[child].key < heap[child + 1].key)
			child++;
		if (heap[root].key >= heap[child].key)
			return;
		swap(&heap[root], &heap[child]);
	}
}

/* Heap sort: in place and without the allocation that qsort may do. */
static void sort_by_key(struct pod_value *values, int32_t count)
{
	for (int32_t i = count / 2 - 1; i >= 0; i--)
		sift_down(values, i, count);
	for (int32_t n = count - 1; n > 0; n--) {
		swap(&values[0], &values[n]);
		sift_down(values, 0, n);
	}
}

static void add(struct pod_value *to, const struct pod_value *v)
{
	to->value_m = wide_to_int64((wide)to->value_m + v->value_m);
	to->containers = wide_to_int32((wide)to->containers + v->containers);
	if (v->time_ms < to->time_ms)
		to->time_ms = v->time_ms;
	if (v->window_ms > to->window_ms)
		to->window_ms = v->window_ms;
}

int32_t pod_values_merge(struct pod_value *values, int32_t count)
{
	if (count <= 0)
		return 0;
	sort_by_key(values, count);
	int32_t last = 0;
	for (int32_t i = 1; i < count; i++) {
		if (values[i].key == values[last].key)
			add(&values[last], &values[i]);
		else
			values[++last] = values[i];
	}
	return last + 1;
}

const struct pod_value *pod_values_find(const struct metric_values *values, uint64_t key)
{
	int32_t low = 0, high = values->count;
	while (low < high) {
		int32_t middle = low + (high - low) / 2;
		if (values->pods[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < values->count && values->pods[low].key == key ? &values->pods[low]
								   : NULL;
}
