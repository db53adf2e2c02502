/* What many policies cost: the real process against the served simulation, either all on
 * CPU (built-in queries), each with a query of its own, or that with forecasts. Shows the
 * growth: CPU of foretop per cycle of 15 s, memory, requests, how long after the start
 * every policy was decided on, and how long after the answer to a query that tells of
 * half as much load again the new size is written (middle and last of 40).
 * usage: fleet [built-in|own|forecast] [pods=3] [days=1] [churn=0] [cycles=2]
 *              [POLICIES]... (100 1000)
 * What is named before a number of policies holds for it and for those that follow:
 * pods of each, days of history, changes of pods a second, cycles that are measured. */
#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MAX_MS   180000
#define HISTORY_MAX_MS 3600000
#define RAISES         40

static const char *const query_names[] = {[FLEET_BUILT_IN] = "built-in",
					  [FLEET_OWN] = "own",
					  [FLEET_FORECAST] = "forecast"};

struct row {
	double start_s, history_s, cycle_ms, asked;
	double delay_s, last_s; /* from an answer to the write */
	int decided, written;
};

/* Every decision is a line of the log the first time. */
static void wait_for_decisions(struct fleet *f, struct row *ret)
{
	int64_t began = monotonic_ms();
	fleet_start(f);
	do {
		fleet_serve(f, 500);
		ret->decided = fleet_logged(f, "\"Decided\"");
	} while (ret->decided < f->config.count && monotonic_ms() - began < START_MAX_MS);
	ret->start_s = (double)(monotonic_ms() - began) / MS_PER_S;
}

/* Until no more than a query a minute and policy comes: all days are read. */
static void wait_for_history(struct fleet *f, struct row *ret)
{
	int64_t began = monotonic_ms();
	uint64_t days = (uint64_t)f->config.count * (uint64_t)(f->config.days + 1);
	if (f->config.query != FLEET_FORECAST)
		return;
	while (f->ranges < days && monotonic_ms() - began < HISTORY_MAX_MS)
		fleet_serve(f, 500);
	ret->history_s = (double)(monotonic_ms() - began) / MS_PER_S;
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void measure_delay(struct fleet *f, struct row *ret)
{
	int64_t delays[2 * RAISES];
	int n = 0;
	fleet_raise(f, RAISES);
	fleet_serve(f, 2 * FLEET_CYCLE_MS);
	for (int i = 0; i < f->config.count; i++) {
		const struct fleet_raise *r = &f->rows[i].raise;
		if (r->raised && r->written_ms && n < 2 * RAISES)
			delays[n++] = r->written_ms - r->answered_ms;
	}
	qsort(delays, (size_t)n, sizeof(delays[0]), compare_times);
	ret->written = n;
	ret->delay_s = n ? (double)delays[n / 2] / MS_PER_S : 0;
	ret->last_s = n ? (double)delays[n - 1] / MS_PER_S : 0;
}

static void print_row(struct fleet *f, const struct row *r)
{
	printf("%-9s %8d %5d %6d %8.1f %9.1f %10.1f %8.1f %8.1f %8.0f %8.2f %7.2f%s\n",
	       query_names[f->config.query], f->config.count, f->config.pods,
	       f->config.churn_per_s, r->start_s, r->history_s, r->cycle_ms,
	       fleet_memory_mib(f, "VmRSS:"), fleet_memory_mib(f, "RssAnon:"), r->asked,
	       r->delay_s, r->last_s,
	       r->decided < f->config.count ? "  (not all decided)" : "");
	fflush(stdout);
}

static void run(const struct fleet_config *config)
{
	struct fleet *f = fleet_new(config);
	struct row row = {0};
	wait_for_decisions(f, &row);
	wait_for_history(f, &row);
	fleet_churn(f);
	fleet_serve(f, FLEET_CYCLE_MS); /* the start is over */
	double cpu = fleet_cpu_ms(f);
	uint64_t asked = promapi_requests(f->prom);
	fleet_serve(f, (int64_t)config->cycles * FLEET_CYCLE_MS);
	row.cycle_ms = (fleet_cpu_ms(f) - cpu) / config->cycles;
	row.asked = (double)(promapi_requests(f->prom) - asked) / config->cycles;
	measure_delay(f, &row);
	print_row(f, &row);
	fleet_stop(f);
	fleet_free(f);
}

/* "pods=10": false when it is none of these, or not in its range. */
static bool take_number(struct fleet_config *c, const char *text)
{
	const struct {
		const char *name;
		int *at, least;
	} numbers[] = {{"pods=", &c->pods, 1},
		       {"days=", &c->days, 1},
		       {"churn=", &c->churn_per_s, 0},
		       {"cycles=", &c->cycles, 1}};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		size_t len = strlen(numbers[i].name);
		if (strncmp(text, numbers[i].name, len) != 0)
			continue;
		*numbers[i].at = atoi(text + len);
		return *numbers[i].at >= numbers[i].least;
	}
	return false;
}

/* All of them, or the one that was named. */
static void run_queries(const struct fleet_config *config, bool named)
{
	struct fleet_config c = *config;
	if (named) {
		run(&c);
		return;
	}
	for (c.query = FLEET_BUILT_IN; c.query <= FLEET_OWN; c.query++)
		run(&c);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"100", "1000"};
	const char *const *words = argc > 1 ? (const char *const *)argv + 1 : usual;
	int n = argc > 1 ? argc - 1 : (int)ARRAY_LEN(usual);
	struct fleet_config config = {.pods = 3, .days = 1, .cycles = 2};
	bool named = false;
	log_configure(&(struct log_config){.verbosity = -1});
	printf("%-9s %8s %5s %6s %8s %9s %10s %8s %8s %8s %8s %7s\n", "queries",
	       "policies", "pods", "churn", "start s", "history s", "ms a cycle",
	       "RSS MiB", "anon MiB", "asked", "write s", "last s");
	for (int i = 0; i < n; i++) {
		size_t query = 0;
		while (query < ARRAY_LEN(query_names) &&
		       strcmp(words[i], query_names[query]) != 0)
			query++;
		if (query < ARRAY_LEN(query_names)) {
			config.query = (enum fleet_query)query;
			named = true;
			continue;
		}
		if (strchr(words[i], '=')) {
			if (!take_number(&config, words[i]))
				fleet_die("a setting is wrong; see the top of its "
					  "source");
			continue;
		}
		config.count = atoi(words[i]);
		if (config.count < 1)
			fleet_die("a number of policies expected");
		run_queries(&config, named);
	}
	return 0;
}
