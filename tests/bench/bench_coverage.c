/* How honest intervals are: coverage FILE... over wide tables of five-minute values.
 * Forecasts one hour ahead with every value after four days, nominal 90 %, online; beside
 * them a plain quantile tracker (eta .02) around the same means. */
#include "bench/wide.h"
#include "forecast/path.h"

#include <time.h>

#define STEP_S  300
#define DAY     288
#define WEEK    2016
#define WARM_UP (4 * DAY)
#define AHEAD   12
#define LEVEL   .9

/* What is waiting for its outcome, by its number modulo AHEAD. */
struct said {
	double mean, lower, upper;
};

/* The plain one: q += eta B (missed - share), B the 95 % quantile of the last day's
 * errors, here 2.5 running means of them. */
struct plain {
	double below, above, size;
};

struct score {
	double covered, winkler, plain_covered, plain_winkler;
	int32_t count;
};

static double learn_us;
static int64_t learned;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static double winkler(double y, double lower, double upper)
{
	return upper - lower +
	       2 / (1 - LEVEL) * (fmax(lower - y, 0) + fmax(y - upper, 0));
}

static void plain_learn(struct plain *t, double error)
{
	double unit = .02 * 2.5 * t->size, share = (1 - LEVEL) / 2;

	t->size += (t->size > 0 ? .005 : 1) * (fabs(error) - t->size);
	t->above += unit * ((error > t->above) - share);
	t->below -= unit * ((error < t->below) - share);
}

static void score_one(struct score *s, struct plain *t, const struct said *said, double y,
		      bool counts)
{
	double low = said->mean + t->below, high = said->mean + t->above;

	if (isnan(y) || isnan(said->mean))
		return;
	if (counts) {
		s->covered += y >= said->lower && y <= said->upper;
		s->winkler += winkler(y, said->lower, said->upper);
		s->plain_covered += y >= low && y <= high;
		s->plain_winkler += winkler(y, low, high);
		s->count++;
	}
	plain_learn(t, y - said->mean);
}

static void say(const struct path *p, struct said *ret)
{
	double mean[AHEAD], lower[AHEAD], upper[AHEAD];
	const struct path_steps steps = {AHEAD, mean, {lower}, {upper}};

	ret->mean = NAN;
	if (!path_predict(p, &steps))
		return;
	ret->mean = mean[AHEAD - 1];
	ret->lower = lower[AHEAD - 1];
	ret->upper = upper[AHEAD - 1];
}

static struct score run_series(const double *v, int32_t rows, struct path *p)
{
	struct score s = {0};
	struct plain plain = {0};
	struct said said[AHEAD];

	for (int i = 0; i < AHEAD; i++)
		said[i].mean = NAN;
	for (int32_t t = 0; t < rows; t++) {
		score_one(&s, &plain, &said[t % AHEAD], v[t], t >= WARM_UP);

		double start = now_us();

		path_learn(p, v[t]);
		learn_us += now_us() - start;
		learned++;
		while (path_work(p))
			;
		say(p, &said[t % AHEAD]);
	}
	return s;
}

static int32_t series, inside, plain_inside;
static double total, plain_total, ratio_total, widest_miss;

static void add_series(const struct score *s)
{
	double coverage = s->covered / s->count, plain = s->plain_covered / s->count;

	series++;
	inside += coverage >= LEVEL - .01 && coverage <= LEVEL + .01;
	plain_inside += plain >= LEVEL - .01 && plain <= LEVEL + .01;
	widest_miss = fmax(widest_miss, fabs(coverage - LEVEL));
	total += s->winkler / s->count;
	plain_total += s->plain_winkler / s->count;
	ratio_total += s->plain_winkler > 0 ? s->winkler / s->plain_winkler : 1;
	if (getenv("EACH"))
		printf("%4d %.4f %.4f %8.3f %8.3f\n", (int)series, coverage, plain,
		       s->winkler / s->count, s->plain_winkler / s->count);
}

static int run_file(const char *name, void *memory, const struct path_config *config)
{
	struct wide w;

	if (wide_read(&w, name))
		return -1;
	for (int32_t c = 0; c < w.columns; c++) {
		struct score s = run_series(wide_column(&w, c), w.rows,
					    path_init(memory, config, NULL));

		if (s.count)
			add_series(&s);
	}
	free(w.values);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct path_config config = {
		.capacity = 14 * DAY,
		.step_s = STEP_S,
		.seasons = {DAY, WEEK},
		.horizon = AHEAD,
		.level_count = 1,
		.levels = {LEVEL},
		.use_linear = true,
		.use_holt_winters = true,
	};
	void *memory = xmalloc(path_size(&config) + path_workspace_size(&config));
	int failed = 0;

	if (argc < 2)
		printf("skipped: coverage FILE... (wide tables of five-minute values)\n");
	for (int i = 1; i < argc; i++)
		failed |= run_file(argv[i], memory, &config);
	if (series) {
		printf("%d series, 1 h ahead, nominal %.2f: %.1f %% of them within .01, "
		       "farthest off %.4f (plain tracker %.1f %%)\n",
		       (int)series, LEVEL, 100. * inside / series, widest_miss,
		       100. * plain_inside / series);
		printf("mean Winkler score %.4f, plain %.4f: ratio %.4f; mean of ratios "
		       "%.4f\n",
		       total / series, plain_total / series, total / plain_total,
		       ratio_total / series);
		printf("%.2f us to learn a value\n", learn_us / (double)learned);
	}
	free(memory);
	return failed ? 1 : 0;
}
