/* Sorting in place for code that must not allocate, as qsort may. */
#ifndef FORETOP_BASE_SORT_H
#define FORETOP_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>

/* The largest item that can be sorted, in bytes. */
#define SORT_ITEM_MAX 64

/* Does `a` stand before `b`? */
typedef bool sort_before(const void *a, const void *b);

/* Heap sort: `count` items of `size` bytes, at most SORT_ITEM_MAX; in which order equal
 * ones stand is not said. O(n log n), also at worst; O(n) where they are sorted already.
 */
void sort_in_place(void *items, size_t count, size_t size, sort_before *before);

#endif
