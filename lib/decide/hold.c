#include "decide/hold.h"

#include <stdarg.h>
#include <stdio.h>

struct hold_reason *hold_reasons_add(struct hold_reasons *h, const char *name, bool down,
				     bool up, const char *fmt, ...)
{
	int32_t i = h->count < HOLD_REASONS_MAX ? h->count++ : HOLD_REASONS_MAX - 1;
	struct hold_reason *r = &h->items[i];
	va_list args;

	*r = (struct hold_reason){.name = name, .down = down, .up = up};
	va_start(args, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, args);
	va_end(args);
	return r;
}

const struct hold_reason *hold_reasons_find(const struct hold_reasons *h, int32_t from,
					    int32_t to)
{
	for (int32_t i = 0; h && i < h->count; i++)
		if ((to < from && h->items[i].down) || (to > from && h->items[i].up))
			return &h->items[i];
	return NULL;
}
