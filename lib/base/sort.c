#include "base/sort.h"

#include <assert.h>
#include <string.h>

struct sorting {
	char *items;
	size_t size;
	sort_before *before;
};

static void *at(const struct sorting *s, size_t i)
{
	return s->items + i * s->size;
}

static void swap(const struct sorting *s, size_t a, size_t b)
{
	char kept[SORT_ITEM_MAX];
	memcpy(kept, at(s, a), s->size);
	memcpy(at(s, a), at(s, b), s->size);
	memcpy(at(s, b), kept, s->size);
}

static void sift_down(const struct sorting *s, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && s->before(at(s, child), at(s, child + 1)))
			child++;
		if (!s->before(at(s, root), at(s, child)))
			return;
		swap(s, root, child);
	}
}

static bool is_sorted(const struct sorting *s, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (s->before(at(s, i), at(s, i - 1)))
			return false;
	return true;
}

void sort_in_place(void *items, size_t count, size_t size, sort_before *before)
{
	const struct sorting s = {items, size, before};
	assert(size <= SORT_ITEM_MAX);
	if (is_sorted(&s, count))
		return;
	for (size_t i = count / 2; i-- > 0;)
		sift_down(&s, i, count);
	for (size_t n = count; n-- > 1;) {
		swap(&s, 0, n);
		sift_down(&s, 0, n);
	}
}
