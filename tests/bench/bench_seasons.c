/* How many seasons are found right, and in what time.
 * usage: seasons [FILE LABELS]
 * FILE: `unix_seconds,name,...`, a wide table at one step; LABELS: `column,hours` with a
 * header line. Without them only the times and the noise are measured. */
#include "forecast/season.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MAX 200
#define NAME_LIMIT  32
#define LINE_LIMIT  16384

struct table {
	int32_t rows, columns;
	int64_t step_ms;
	char names[COLUMNS_MAX][NAME_LIMIT];
	double hours[COLUMNS_MAX]; /* labels, 0: none */
	float values[COLUMNS_MAX][SEASON_VALUES_MAX];
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void read_names(struct table *t, char *line)
{
	char *save;

	strtok_r(line, ",\r\n", &save);
	for (char *p; (p = strtok_r(NULL, ",\r\n", &save)) && t->columns < COLUMNS_MAX;)
		snprintf(t->names[t->columns++], NAME_LIMIT, "%s", p);
}

static int64_t read_row(struct table *t, char *line)
{
	char *rest = line;
	int64_t seconds = atoll(strsep(&rest, ","));

	for (int32_t c = 0; c < t->columns; c++) {
		char *field = strsep(&rest, ",\r\n");

		t->values[c][t->rows] =
			field && *field ? (float)strtod(field, NULL) : NAN;
	}
	t->rows++;
	return seconds;
}

static bool read_table(struct table *t, const char *path)
{
	char line[LINE_LIMIT];
	FILE *f = fopen(path, "r");
	int64_t first = 0, second = 0;

	if (!f)
		return false;
	if (fgets(line, sizeof(line), f))
		read_names(t, line);
	while (t->rows < SEASON_VALUES_MAX && fgets(line, sizeof(line), f)) {
		int64_t seconds = read_row(t, line);

		first = t->rows == 1 ? seconds : first;
		second = t->rows == 2 ? seconds : second;
	}
	fclose(f);
	t->step_ms = (second - first) * MS_PER_S;
	return t->rows > 2 && t->step_ms > 0;
}

static bool read_labels(struct table *t, const char *path)
{
	char line[256];
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		char *hours = strchr(line, ',');

		if (!hours)
			continue;
		*hours++ = '\0';
		for (int32_t c = 0; c < t->columns; c++)
			if (strcmp(t->names[c], line) == 0)
				t->hours[c] = strtod(hours, NULL);
	}
	fclose(f);
	return true;
}

/* The whole search; its time is added to *us, the longest slice goes to *slice_us. */
static struct seasons search(const float *values, int32_t count, int64_t step_ms,
			     double *us, double *slice_us)
{
	AUTO_FREE void *work = xmalloc(season_work_size(count));
	struct season_search s;
	bool more = true;

	season_search_init(&s, values, count, step_ms, work);
	while (more) {
		double start = now_us();

		more = season_search_work(&s);

		double took = now_us() - start;

		*us += took;
		*slice_us = fmax(*slice_us, took);
	}
	return *season_search_result(&s);
}

static void describe(const struct seasons *found, char *text, size_t size)
{
	size_t at = 0;

	if (found->count == 0)
		snprintf(text, size, "none");
	for (int32_t i = 0; i < found->count; i++) {
		char one[SEASON_TEXT_MAX];

		season_text(&found->found[i], one);
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "; " : "", one);
	}
}

/* Right: one of the seasons is the labelled one. */
static bool is_right(const struct seasons *found, double hours)
{
	for (int32_t i = 0; i < found->count; i++)
		if (fabs((double)found->found[i].period_ms / MS_PER_H - hours) <
		    .02 * hours)
			return true;
	return false;
}

static void judge(const struct table *t)
{
	int32_t right = 0, labelled = 0;
	double us = 0, slice_us = 0;

	for (int32_t c = 0; c < t->columns; c++) {
		struct seasons found =
			search(t->values[c], t->rows, t->step_ms, &us, &slice_us);
		char text[2 * SEASON_TEXT_MAX + 2];

		describe(&found, text, sizeof(text));
		if (t->hours[c] > 0) {
			labelled++;
			right += is_right(&found, t->hours[c]);
		}
		if (t->hours[c] == 0 || !is_right(&found, t->hours[c]))
			printf("%s: label %g h, found %s\n", t->names[c], t->hours[c],
			       text);
	}
	printf("%d of %d right; %.0f us a series of %d, longest slice %.0f us\n",
	       (int)right, (int)labelled, us / t->columns, (int)t->rows, slice_us);
}

static float series[SEASON_VALUES_MAX];

/* Two weeks of five minutes: noise, or a day's shape with noise. */
static void measure(const char *name, double day, double keep)
{
	enum { COUNT = 4032, SERIES = 100 };
	double us = 0, slice_us = 0;
	int32_t found = 0;
	struct rng noise;

	rng_init(&noise, 3);
	for (int i = 0; i < SERIES; i++) {
		double state = 0;

		for (int32_t k = 0; k < COUNT; k++) {
			state = keep * state + rng_normal(&noise);
			series[k] = (float)(state + day * sin(2 * M_PI * k / 288));
		}
		found += search(series, COUNT, 5 * MS_PER_MIN, &us, &slice_us).count > 0;
	}
	printf("%-20s a season in %3d of %d, %.0f us, longest slice %.0f us\n", name,
	       (int)found, SERIES, us / SERIES, slice_us);
}

int main(int argc, char **argv)
{
	measure("white noise", 0, 0);
	measure("AR(1) of 0.9", 0, .9);
	measure("AR(1) of 0.99", 0, .99);
	measure("random walk", 0, 1);
	measure("a day in noise", 1, 0);
	if (argc < 3) {
		printf("no FILE and LABELS: nothing labelled was judged\n");
		return 0;
	}

	struct table *t = xcalloc(1, sizeof(*t));
	bool ok = read_table(t, argv[1]) && read_labels(t, argv[2]);

	if (ok)
		judge(t);
	else
		fprintf(stderr, "cannot read %s and %s\n", argv[1], argv[2]);
	free(t);
	return !ok;
}
