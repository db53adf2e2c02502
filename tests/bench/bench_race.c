/* What a forecast is worth in pods: replays a trace of demand through virtual deployments
 * and draws three fronts of pods against load that met no Ready capacity: an HPA's over
 * its target, ours over the quantile, and that of a perfect forecast. Says which share of
 * the gap between the first and the last the forecast closes.
 *
 * Beside them one who knows the mean of the quarter of an hour around each minute
 * beforehand, and how far minutes stray from it, but no minute by itself: what is left
 * between that front and the perfect forecast is chance from one minute to the next,
 * which no forecast of ours closes either.
 *
 *   race TRACE.csv [LEAD_S [PEAK_PODS]]      (unix_seconds,value)
 *
 * The world: a pod serves one unit of demand, is paid from its creation and Ready LEAD_S
 * later; demand is constant within a step and known when the step has ended; decisions
 * fall every 15 s on the mean of [t - 75 s, t - 15 s). */
#include "bench/demand.h"
#include "forecast/forecast.h"

#define SYNC_S        15
#define SYNCS_PER_MIN 4
#define STABLE_SYNCS  20 /* the HPA's 300 s before it goes down */
#define PODS_MIN      2
#define PODS_MAX      10000
#define TOLERANCE     .1
/* The reactive part is a safety net beside a forecast: at this share of what a pod
 * serves. */
#define NET_TARGET 1.2
#define POINTS_MAX 64
/* What is known beforehand: minutes to either side of the mean, and of its strays. */
#define MEAN_REACH   7
#define STRAY_REACH  60
#define MARGIN_STEP  .2 /* in strays */
#define MARGIN_COUNT 24

struct plan {
	bool reactive, forecast;
	double target; /* of the reactive part */
	int64_t lead_s;
	int64_t stable;             /* syncs */
	const double *up, *release; /* by sync */
};

struct point {
	double setting, pods, unserved;
	int64_t actions;
};

struct front {
	struct point points[POINTS_MAX];
	int32_t count;
};

static double demand_at(const struct load *load, int64_t sync)
{
	return load->values[sync / SYNCS_PER_MIN];
}

static int64_t ceil_pods(double pods)
{
	return (int64_t)ceil(fmin(pods, PODS_MAX) - 1e-9);
}

static int64_t reactive(const struct plan *plan, const struct load *load, int64_t k,
			int64_t pods)
{
	double mean = 0;

	if (!plan->reactive || k < 6)
		return PODS_MIN;
	for (int64_t j = k - 5; j < k - 1; j++)
		mean += demand_at(load, j) / 4;
	if (fabs(mean / (plan->target * (double)pods) - 1) <= TOLERANCE)
		return pods;
	return (int64_t)ceil(mean / plan->target);
}

static int64_t at_least(int64_t v, int64_t least)
{
	return v < least ? least : v;
}

static int64_t at_most(int64_t v, int64_t most)
{
	return v > most ? most : v;
}

/* A virtual deployment: births by pod, oldest first. */
struct deployment {
	int64_t pods, ready;
	int64_t *births, *wanted;
};

/* Down to the largest wish of the last minutes, or, if that is lower, to what the
 * forecast for releases says. */
static int64_t go_down(const struct plan *plan, const struct deployment *d, int64_t k,
		       int64_t want)
{
	int64_t stable = want, from = at_least(k - plan->stable, 0);

	for (int64_t j = from; j <= k; j++)
		stable = at_least(stable, d->wanted[j]);
	if (plan->forecast && plan->release[k] >= 0)
		stable = at_most(stable, at_least(want, ceil_pods(plan->release[k])));
	return at_most(stable, d->pods);
}

static bool decide(const struct plan *plan, const struct load *load, int64_t k,
		   struct deployment *d)
{
	int64_t want = reactive(plan, load, k, d->pods);
	int64_t limit = at_least(2 * d->pods, d->pods + 4);

	if (plan->forecast)
		want = at_least(want, ceil_pods(plan->up[k]));
	want = at_most(at_least(want, PODS_MIN), PODS_MAX);
	d->wanted[k] = want;
	want = at_most(want, limit);
	if (want < d->pods)
		want = go_down(plan, d, k, want);
	for (int64_t i = d->pods; i < want; i++)
		d->births[i] = k;

	bool acted = want != d->pods;

	d->pods = want;
	d->ready = at_most(d->ready, want);
	while (d->ready < d->pods && k - d->births[d->ready] >= plan->lead_s / SYNC_S)
		d->ready++;
	return acted;
}

static struct point replay(const struct plan *plan, const struct load *load,
			   double setting)
{
	int64_t syncs = load->minutes * SYNCS_PER_MIN,
		start = load_scored_from(load) * SYNCS_PER_MIN;
	AUTO_FREE int64_t *births = xcalloc(PODS_MAX, sizeof(*births));
	AUTO_FREE int64_t *wanted = xcalloc((size_t)syncs, sizeof(*wanted));
	struct deployment d = {.births = births, .wanted = wanted};
	struct point point = {.setting = setting};
	double demand = 0, paid = 0, unserved = 0;

	d.pods = at_least((int64_t)ceil(demand_at(load, start) / .7), PODS_MIN);
	d.ready = d.pods;
	for (int64_t k = 0; k < syncs; k++) {
		bool acted = decide(plan, load, k, &d);

		if (k < start)
			continue;
		point.actions += acted;
		paid += (double)d.pods;
		demand += demand_at(load, k);
		unserved += fmax(demand_at(load, k) - (double)d.ready, 0);
	}
	point.pods = paid / demand;
	point.unserved = unserved / demand;
	return point;
}

/* Where the front serves all but `unserved`: by interpolation between its neighbours
 * there; NaN outside. The points are in the order of their setting. */
static double front_at(const struct front *f, double unserved)
{
	double least = NAN;

	for (int32_t i = 0; i + 1 < f->count; i++) {
		const struct point *a = &f->points[i], *b = &f->points[i + 1];
		double low = fmin(a->unserved, b->unserved);
		double high = fmax(a->unserved, b->unserved);

		if (unserved < low || unserved > high || low == high)
			continue;

		double share = (unserved - a->unserved) / (b->unserved - a->unserved);
		double pods = a->pods + share * (b->pods - a->pods);

		least = isnan(least) ? pods : fmin(least, pods);
	}
	return least;
}

static void front_add(struct front *f, const char *name, struct point point)
{
	printf("%-8s %6.3f  %8.3f  %9.4f  %8d\n", name, point.setting, point.pods,
	       100 * point.unserved, (int)point.actions);
	if (f->count < POINTS_MAX)
		f->points[f->count++] = point;
}

static void run_hpa(const struct load *load, int64_t lead_s, struct front *ret_front)
{
	for (int i = 20; i <= 49; i++) {
		struct plan plan = {.reactive = true,
				    .target = i / 50.,
				    .lead_s = lead_s,
				    .stable = STABLE_SYNCS};

		front_add(ret_front, "hpa", replay(&plan, load, plan.target));
	}
}

/* The pods of one who knows what will be needed: the largest need until those of the next
 * decision are Ready. */
static struct point foresee(const struct load *load, int64_t lead_s, const double *need,
			    double setting)
{
	int64_t syncs = load->minutes * SYNCS_PER_MIN, reach = lead_s / SYNC_S + 1;
	AUTO_FREE double *up = xcalloc((size_t)syncs, sizeof(*up));
	struct plan plan = {
		.forecast = true, .lead_s = lead_s, .stable = 0, .up = up, .release = up};

	for (int64_t k = 0; k < syncs; k++) {
		for (int64_t j = k; j <= k + reach && j < syncs; j++)
			up[k] = fmax(up[k], need[j / SYNCS_PER_MIN]);
	}
	return replay(&plan, load, setting);
}

/* Mean of the minutes within `reach` of each. */
static void means_around(const double *values, int64_t count, int64_t reach,
			 double *ret_means)
{
	for (int64_t i = 0; i < count; i++) {
		int64_t from = at_least(i - reach, 0), to = at_most(i + reach, count - 1);
		double sum = 0;

		for (int64_t j = from; j <= to; j++)
			sum += values[j];
		ret_means[i] = sum / (double)(to - from + 1);
	}
}

static void run_known_mean(const struct load *load, int64_t lead_s,
			   struct front *ret_front)
{
	size_t minutes = (size_t)load->minutes;
	AUTO_FREE double *mean = xcalloc(minutes, sizeof(*mean));
	AUTO_FREE double *square = xcalloc(minutes, sizeof(*square));
	AUTO_FREE double *stray = xcalloc(minutes, sizeof(*stray));
	AUTO_FREE double *need = xcalloc(minutes, sizeof(*need));

	means_around(load->values, load->minutes, MEAN_REACH, mean);
	for (size_t i = 0; i < minutes; i++)
		square[i] = (load->values[i] - mean[i]) * (load->values[i] - mean[i]);
	means_around(square, load->minutes, STRAY_REACH, stray);
	for (int m = 1; m <= MARGIN_COUNT; m++) {
		for (size_t i = 0; i < minutes; i++)
			need[i] = mean[i] + MARGIN_STEP * m * sqrt(stray[i]);
		front_add(ret_front, "mean",
			  foresee(load, lead_s, need, MARGIN_STEP * m));
	}
}

/* What the forecaster said, by minute. */
struct told {
	int64_t first_minute;
	double *up, *release;
};

static void hear(void *context, const struct forecast_minute *said)
{
	struct told *told = context;
	int64_t i = said->end_ms / MS_PER_MIN - 1 - told->first_minute;

	told->up[i] = said->upper;
	told->release[i] = said->release;
}

static void forecast_all(const struct load *load, int32_t window, double quantile,
			 struct told *told)
{
	struct forecast_config config = {.window_min = window,
					 .release_min = 2,
					 .quantile = quantile,
					 .use_linear = true,
					 .use_holt_winters = true,
					 .heed = hear,
					 .heed_context = told};
	AUTO_FREE void *memory = xmalloc(forecaster_size());
	struct forecaster *f = forecaster_init(memory, &config);

	for (int64_t i = 0; i < load->minutes; i++) {
		forecaster_add(f, (load->first_minute + i) * MS_PER_MIN, load->values[i]);
		while (forecaster_work(f))
			;
	}
}

/* At a sync the newest minute that has ended, and has been seen, speaks. */
static void spread(const struct load *load, const double *by_minute, double *ret_by_sync)
{
	for (int64_t k = 0; k < load->minutes * SYNCS_PER_MIN; k++) {
		int64_t newest = k < 5 ? -1 : (k - 1) / SYNCS_PER_MIN - 1;
		double v = newest < 0 ? NAN : by_minute[newest];

		ret_by_sync[k] = isnan(v) ? -1 : v;
	}
}

static void run_ours(const struct load *load, int64_t lead_s, struct front *ret_front)
{
	static const double quantiles[] = {.5,  .7,   .8,  .85, .9,   .93,
					   .95, .965, .98, .99, .995, .999};
	int32_t window = (int32_t)((lead_s + 90 + 59) / 60);
	size_t minutes = (size_t)load->minutes, syncs = minutes * SYNCS_PER_MIN;
	AUTO_FREE double *up = xcalloc(minutes, sizeof(*up));
	AUTO_FREE double *release = xcalloc(minutes, sizeof(*release));
	AUTO_FREE double *sync_up = xcalloc(syncs, sizeof(*sync_up));
	AUTO_FREE double *sync_release = xcalloc(syncs, sizeof(*sync_release));
	struct told told = {load->first_minute, up, release};
	struct plan plan = {.reactive = true,
			    .forecast = true,
			    .target = NET_TARGET,
			    .lead_s = lead_s,
			    .stable = STABLE_SYNCS,
			    .up = sync_up,
			    .release = sync_release};

	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
		forecast_all(load, window, quantiles[i], &told);
		spread(load, up, sync_up);
		spread(load, release, sync_release);
		front_add(ret_front, "ours", replay(&plan, load, quantiles[i]));
	}
}

static void race(const struct load *load, int64_t lead_s)
{
	static const double served[] = {.995, .998, .999};
	struct front hpa = {0}, ours = {0}, known_mean = {0};

	printf("lead %d s, %.1f days\nwho    setting  pods/work  unserved%%  actions\n",
	       (int)lead_s, (double)load->minutes / 1440);
	run_hpa(load, lead_s, &hpa);

	struct point perfect = foresee(load, lead_s, load->values, 1);

	printf("perfect         %8.3f  %9.4f  %8d\n", perfect.pods,
	       100 * perfect.unserved, (int)perfect.actions);
	run_known_mean(load, lead_s, &known_mean);
	run_ours(load, lead_s, &ours);
	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		double theirs = front_at(&hpa, 1 - served[i]);
		double mine = front_at(&ours, 1 - served[i]);
		double means = front_at(&known_mean, 1 - served[i]);

		printf("%.1f%% served, lead %d s: HPA %.3f, ours %.3f, perfect %.3f: gap "
		       "closed %.3f, by knowing means %.3f\n",
		       100 * served[i], (int)lead_s, theirs, mine, perfect.pods,
		       (theirs - mine) / (theirs - perfect.pods),
		       (theirs - means) / (theirs - perfect.pods));
	}
}

int main(int argc, char **argv)
{
	static const int64_t leads[] = {60, 180, 600};
	double peak = argc > 3 ? strtod(argv[3], NULL) : 60;
	struct load load;

	if (argc < 2) {
		printf("skipped: no trace given; usage: race TRACE.csv [LEAD_S "
		       "[PEAK_PODS]]\n");
		return 0;
	}
	if (load_read(argv[1], peak, &load)) {
		fprintf(stderr, "%s: no trace\n", argv[1]);
		return 1;
	}
	printf("%s\n", argv[1]);
	for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
		if (argc <= 2 || strtol(argv[2], NULL, 10) == leads[i])
			race(&load, leads[i]);
	}
	free(load.values);
	return 0;
}
