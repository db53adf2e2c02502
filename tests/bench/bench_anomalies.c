/* What the anomaly detector costs, how often it flags noise, and which labelled windows
 * it finds, without a forecast (its own slow mean serves). usage: anomalies [DIRECTORY]
 * of the Numenta Anomaly Benchmark's layout: the series that labels/combined_windows.json
 * names, as far as they are there as `unix_seconds,value`. */
#include "forecast/anomaly.h"
#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILE_LIMIT  (16 << 20)
#define WINDOWS_MAX 32
/* That benchmark judges nothing in the first 15 % of a series. */
#define PROBATION .15

struct list {
	struct sample *samples;
	size_t count, cap;
};

struct tally {
	int files, windows, hits, alarms, inside;
	int64_t samples;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int take(void *arg, const struct csv_row *row, struct err *err)
{
	struct list *list = arg;

	(void)err;
	if (list->count == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 4096;
		list->samples =
			xrealloc(list->samples, list->cap * sizeof(*list->samples));
	}
	list->samples[list->count++] = (struct sample){row->t_ms, row->v};
	return 0;
}

static int64_t time_of(const cJSON *text)
{
	struct civil c = {0};

	if (!cJSON_IsString(text) ||
	    sscanf(text->valuestring, "%d-%d-%d %d:%d:%d", &c.year, &c.month, &c.day,
		   &c.hour, &c.minute, &c.second) != 6)
		return 0;
	return civil_to_ms(&c);
}

/* The window that holds t_ms, -1 without. */
static int window_at(const cJSON *windows, int64_t t_ms)
{
	for (int i = 0; i < cJSON_GetArraySize(windows) && i < WINDOWS_MAX; i++) {
		const cJSON *w = cJSON_GetArrayItem(windows, i);

		if (t_ms >= time_of(cJSON_GetArrayItem(w, 0)) &&
		    t_ms <= time_of(cJSON_GetArrayItem(w, 1)))
			return i;
	}
	return -1;
}

/* Reports within an hour of each other are one alarm. */
static void judge(const struct list *list, const cJSON *windows, struct tally *tally)
{
	struct anomaly a;
	struct anomaly_verdict v;
	bool hit[WINDOWS_MAX] = {false};
	int64_t last_ms = INT64_MIN / 2;
	int alarms = 0, hits = 0, count = cJSON_GetArraySize(windows);

	anomaly_init(&a, samples_step_ms(list->samples, list->count));
	for (size_t i = 0; i < list->count; i++) {
		struct observation o = {.t_ms = list->samples[i].t_ms,
					.value = list->samples[i].v,
					.expected = NAN};

		anomaly_judge(&a, &o, &v);
		if (v.kind == ANOMALY_NONE || (double)i < PROBATION * (double)list->count)
			continue;

		int w = window_at(windows, o.t_ms);

		if (w >= 0)
			hit[w] = true;
		else
			alarms += o.t_ms - last_ms > MS_PER_H;
		last_ms = o.t_ms;
	}
	for (int i = 0; i < count && i < WINDOWS_MAX; i++)
		hits += hit[i];
	printf("  %d of %d windows, %3d alarms outside in %5zu samples\n", hits, count,
	       alarms, list->count);
	tally->files++;
	tally->windows += count;
	tally->hits += hits;
	tally->alarms += alarms;
	tally->samples += (int64_t)list->count;
}

static void judge_file(const char *folder, const cJSON *windows, struct tally *tally)
{
	char path[4096];
	AUTO_FREE char *text = NULL;
	size_t len;
	struct list list = {0};
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", folder, windows->string);
	if (file_read(path, FILE_LIMIT, &text, &len, &err) != 0)
		return;

	struct csv_source source = {.file = path, .text = text, .len = len};

	if (csv_read(&source, take, &list, &err) == 0 && list.count > 1) {
		samples_sort(list.samples, list.count);
		printf("%s:\n", windows->string);
		judge(&list, windows, tally);
	}
	free(list.samples);
}

static int judge_folder(const char *folder)
{
	char path[4096];
	AUTO_FREE char *text = NULL;
	size_t len;
	struct err err;
	struct tally t = {0};

	snprintf(path, sizeof(path), "%s/labels/combined_windows.json", folder);
	if (file_read(path, FILE_LIMIT, &text, &len, &err) != 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}

	cJSON *labels = json_parse(text, len, &err);
	const cJSON *windows;

	cJSON_ArrayForEach (windows, labels)
		judge_file(folder, windows, &t);
	cJSON_Delete(labels);
	printf("%d series: %d of %d windows found, %d alarms outside in %lld samples\n",
	       t.files, t.hits, t.windows, t.alarms, (long long)t.samples);
	return 0;
}

static void measure(void)
{
	enum { COUNT = 1000000 };
	struct anomaly a;
	struct anomaly_verdict v;
	struct rng noise;
	int flags = 0, shifts = 0;
	double start, cost = 0;

	rng_init(&noise, 1);
	anomaly_init(&a, MS_PER_MIN);
	start = now_us();
	for (int i = 0; i < COUNT; i++)
		cost += rng_normal(&noise);
	cost = now_us() - start + (cost > 1e9);
	start = now_us();
	for (int i = 0; i < COUNT; i++) {
		struct observation o = {.t_ms = i * MS_PER_MIN,
					.value = 100 + 5 * rng_normal(&noise),
					.expected = 100};

		anomaly_judge(&a, &o, &v);
		flags += v.kind == ANOMALY_POINT;
		shifts += v.kind == ANOMALY_SHIFT;
	}
	printf("%zu bytes, %.3f us a sample; normal noise: %d flags, %d shifts in %d\n",
	       sizeof(a), (now_us() - start - cost) / COUNT, flags, shifts, COUNT);
}

int main(int argc, char **argv)
{
	measure();
	if (argc < 2) {
		printf("no DIRECTORY: nothing labelled was judged\n");
		return 0;
	}
	return judge_folder(argv[1]);
}
