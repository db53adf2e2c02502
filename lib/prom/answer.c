#include "prom/prom.h"

#include <math.h>
#include <string.h>

/* Clocks of two machines may differ by this much before a sample is from the future. */
#define AHEAD_MS (30 * MS_PER_S)

const char *prom_outcome_name(enum prom_outcome outcome)
{
	static const char *const names[] = {
		[PROM_OK] = "ok",           [PROM_EMPTY] = "empty",
		[PROM_PARTIAL] = "partial", [PROM_REFUSED] = "refused",
		[PROM_FAILED] = "failed",
	};
	return names[outcome];
}

char *prom_series_text(const struct prom_series *s, char *buf, size_t size)
{
	struct str out AUTO(str_fini);
	str_init(&out, 4096);
	str_puts(&out, "{");
	for (size_t i = 0; i < s->label_count; i++) {
		str_printf(&out, "%s%s=", i ? ", " : "", s->labels[i].name);
		prom_quote(&out, s->labels[i].value);
	}
	str_puts(&out, "}");
	snprintf(buf, size, "%s", str_text(&out));
	return buf;
}

int64_t prom_newest_ms(const struct prom_result *result)
{
	int64_t newest = INT64_MIN;
	for (size_t i = 0; i < result->series_count; i++) {
		const struct prom_series *s = &result->series[i];
		size_t n = s->sample_count;
		while (n > 0 && isnan(s->samples[n - 1].v))
			n--;
		if (n > 0 && s->samples[n - 1].t_ms > newest)
			newest = s->samples[n - 1].t_ms;
	}
	return newest;
}

/* Whole seconds: "12m", "1h5m3s". */
static char *format_age(int64_t ms, char *buf, size_t size)
{
	return duration_format(ms / MS_PER_S * MS_PER_S, buf, size);
}

int prom_check_age(int64_t t_ms, int64_t now_ms, int64_t max_age_ms, struct err *err)
{
	char age[48], limit[48];
	if (t_ms == INT64_MIN)
		return err_set(err, ERR_RETRY, "no sample has a value");
	if (t_ms > now_ms + AHEAD_MS)
		return err_set(err, ERR_RETRY, "newest sample lies %s in the future",
			       format_age(t_ms - now_ms, age, sizeof(age)));
	if (now_ms - t_ms > max_age_ms)
		return err_set(err, ERR_RETRY, "newest sample is %s old, more than %s",
			       format_age(now_ms - t_ms, age, sizeof(age)),
			       format_age(max_age_ms, limit, sizeof(limit)));
	return 0;
}
