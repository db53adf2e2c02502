/* The M4 competition's hourly series: m4 TRAIN.csv HORIZON reads rows `id,v1,v2,...`
 * (quoted or not, a header or not), writes `id,h,mean,lower,upper` (95 %) to stdout and
 * the time per series to stderr. */
#include "forecast/path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUES_MAX 4096
#define SERIES_MAX 100000
#define DAY        24
#define WEEK       168
#define HOUR_S     3600

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* The next field without its quotes; NULL at the end of the line. */
static char *next_field(char **line)
{
	char *field = strsep(line, ",\r\n");

	if (!field)
		return NULL;
	if (*field == '"') {
		field++;
		field[strcspn(field, "\"")] = 0;
	}
	return field;
}

/* Values of a row; 0 when it is not one of numbers. */
static int32_t read_row(char *line, const char **ret_id, double *ret_values)
{
	char *rest = line, *field;
	int32_t n = 0;

	*ret_id = next_field(&rest);
	while (*ret_id && n < VALUES_MAX && (field = next_field(&rest)) && *field) {
		char *end;

		ret_values[n] = strtod(field, &end);
		if (*end)
			return 0;
		n++;
	}
	return n;
}

/* Milliseconds for fit and forecast; writing them down is not in it. */
static double forecast_row(const char *id, const double *values, int32_t n,
			   int32_t horizon, void *memory,
			   const struct path_config *config)
{
	double start = now_ms(), spent;
	double mean[PATH_HORIZON_MAX], lower[PATH_HORIZON_MAX], upper[PATH_HORIZON_MAX];
	const struct path_steps steps = {horizon, mean, {lower}, {upper}};
	struct path *p = path_init(memory, config, NULL);

	for (int32_t i = 0; i < n; i++)
		path_learn(p, values[i]);
	path_fit(p);
	while (path_work(p))
		;

	bool told = path_predict(p, &steps);

	spent = now_ms() - start;
	for (int32_t h = 0; told && h < horizon; h++)
		printf("%s,%d,%.9g,%.9g,%.9g\n", id, (int)h + 1, mean[h], lower[h],
		       upper[h]);
	return spent;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(double *times, int32_t count)
{
	double sum = 0;

	if (!count)
		return;
	for (int32_t i = 0; i < count; i++)
		sum += times[i];
	qsort(times, (size_t)count, sizeof(*times), compare);
	fprintf(stderr,
		"%d series, fit and forecast: median %.3f ms, mean %.3f, 95 %% %.3f, "
		"most "
		"%.3f\n",
		(int)count, times[count / 2], sum / count, times[count * 95 / 100],
		times[count - 1]);
}

int main(int argc, char **argv)
{
	static double values[VALUES_MAX], times[SERIES_MAX];
	struct path_config config = {
		.capacity = VALUES_MAX,
		.step_s = HOUR_S,
		.seasons = {DAY, WEEK},
		.level_count = 1,
		.levels = {.95},
		.refit_steps = -1,
		.use_linear = !getenv("NO_LINEAR"),
		.use_holt_winters = !getenv("NO_HW"),
	};
	int32_t horizon = argc > 2 ? atoi(argv[2]) : 0, count = 0;
	char *line = NULL;
	size_t room = 0;

	if (argc < 2) {
		printf("skipped: m4 TRAIN.csv HORIZON\n");
		return 0;
	}
	config.horizon = horizon;

	FILE *file = fopen(argv[1], "r");
	struct err err;

	if (!file || path_config_check(&config, &err)) {
		fprintf(stderr, "m4: %s\n", file ? err.msg : "cannot read the file");
		return 1;
	}

	void *memory = xmalloc(path_size(&config) + path_workspace_size(&config));

	while (getline(&line, &room, file) >= 0 && count < SERIES_MAX) {
		const char *id;
		int32_t n = read_row(line, &id, values);

		if (!n)
			continue;
		times[count++] = forecast_row(id, values, n, horizon, memory, &config);
	}
	report(times, count);
	free(memory);
	free(line);
	fclose(file);
	return 0;
}
