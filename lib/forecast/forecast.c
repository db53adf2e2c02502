#include "forecast/forecast.h"
#include "forecast/doubt.h"
#include "forecast/scalar.h"
#include "forecast/window.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A gap after which nothing of what was known is left in any history. */
#define FORGET_MINUTES (15 * MINUTES_PER_DAY)
#define YOUNG_MINUTES  (3 * MINUTES_PER_DAY)
/* Work is counted in minutes learned, about 2 us each; a pass of a Holt-Winters fit over
 * two weeks costs as much as SLICE_FIT of them. */
#define SLICE     200
#define SLICE_FIT 70

enum phase { PHASE_IDLE, PHASE_FIT, PHASE_PREDICT };

struct queued {
	int64_t minute;
	double value;
};

/* What was said last: it stands until the work of the next minute is done. */
struct said {
	int64_t minute; /* INT64_MIN before the first */
	int64_t values; /* minutes with a value until then */
	double last;
	struct outlook outlook, release;
	struct anomaly_verdict verdict, cause; /* of that minute, of the hold */
	int64_t odd_count;
};

struct forecaster {
	struct forecast_config config;
	struct queued queue[FORECAST_QUEUE];
	int32_t queue_first, queue_count;
	int64_t accepted; /* newest minute taken; INT64_MIN before the first */
	enum phase phase;
	struct said said;
	struct doubt doubt;
	struct holt_winters holt_winters;
	struct window window, release_window;
	struct history history;
};

const char *model_name(enum model m)
{
	static const char *const names[FC_MODEL_COUNT] = {
		[FC_LAST_VALUE] = "last value",
		[FC_HOUR_MEAN] = "mean of the last hour",
		[FC_SEASONAL_NAIVE] = "same time yesterday",
		[FC_LINEAR_RECENT] = "linear regression (recent)",
		[FC_LINEAR_DAY] = "linear regression (day)",
		[FC_LINEAR_WEEK] = "linear regression (week)",
		[FC_HOLT_WINTERS] = "Holt-Winters",
		[FC_COMBINATION] = "combination",
	};

	return m < FC_MODEL_COUNT ? names[m] : "none";
}

size_t forecaster_size(void)
{
	return sizeof(struct forecaster);
}

/* Everything that is learned, back to the start. */
static void forget(struct forecaster *f)
{
	struct window_config window = {
		.minutes = f->config.window_min,
		.quantile = f->config.quantile,
		.use_linear = f->config.use_linear,
		.use_holt_winters = f->config.use_holt_winters,
		.seasons = f->config.seasons,
	};

	history_init(&f->history);
	window_init(&f->window, &window);
	window.minutes += f->config.release_min;
	window.phase = 1;
	window_init(&f->release_window, &window);
	doubt_init(&f->doubt);
	f->holt_winters = (struct holt_winters){0};
	f->said = (struct said){.minute = INT64_MIN};
	f->phase = PHASE_IDLE;
}

static int32_t clamp(int32_t v, int32_t least, int32_t most)
{
	return v < least ? least : v > most ? most : v;
}

struct forecaster *forecaster_init(void *memory, const struct forecast_config *config)
{
	static struct zone utc; /* never written to; not const, or a file would hold it */
	struct forecaster *f = memory;

	f->config = *config;
	if (!config->zone)
		f->config.zone = &utc;
	f->config.exclude_count = clamp(config->exclude_count, 0, FORECAST_EXCLUDES_MAX);
	f->config.window_min = clamp(config->window_min, 1, FORECAST_WINDOW_MAX);
	f->config.release_min = clamp(config->release_min, 0, FORECAST_RELEASE_MAX);
	f->config.quantile = fmin(fmax(config->quantile, .5), .999);
	/* Its season is all that it has. */
	if (config->seasons == FORECAST_SEASONS_NONE)
		f->config.use_holt_winters = false;
	f->config.refit_minute = clamp(config->refit_minute, 0, MINUTES_PER_DAY - 1);
	f->queue_first = f->queue_count = 0;
	f->accepted = INT64_MIN;
	forget(f);
	return f;
}

static int64_t minute_of(int64_t ms)
{
	return ms / MS_PER_MIN - (ms % MS_PER_MIN < 0);
}

/* Minutes in here are those of the zone's clock: the same time yesterday is a day before,
 * whatever was done to the clock. The end of one, in UTC; what the clock skipped has none
 * of its own and counts as if it had not been changed. */
static int64_t end_ms(const struct forecaster *f, int64_t minute)
{
	int64_t begin_ms;

	if (!zone_last_utc(f->config.zone, minute * MS_PER_MIN, &begin_ms))
		begin_ms = zone_utc(f->config.zone, minute * MS_PER_MIN);
	return begin_ms + MS_PER_MIN;
}

static bool is_skipped(const struct forecaster *f, int64_t minute)
{
	int64_t begin_ms;

	return !zone_last_utc(f->config.zone, minute * MS_PER_MIN, &begin_ms);
}

static bool comes_again(const struct forecaster *f, int64_t t_ms)
{
	int64_t last_ms = t_ms;

	zone_last_utc(f->config.zone, zone_wall(f->config.zone, t_ms), &last_ms);
	return last_ms != t_ms;
}

static bool add_minute(struct forecaster *f, int64_t minute, double v)
{
	if (f->accepted != INT64_MIN && minute <= f->accepted)
		return true;
	if (f->queue_count == FORECAST_QUEUE)
		return false;
	f->queue[(f->queue_first + f->queue_count++) % FORECAST_QUEUE] =
		(struct queued){.minute = minute, .value = v};
	f->accepted = minute;
	return true;
}

bool forecaster_add(struct forecaster *f, int64_t t_ms, double v)
{
	return comes_again(f, t_ms) ||
	       add_minute(f, minute_of(zone_wall(f->config.zone, t_ms)), v);
}

static bool full_hour(int64_t minute)
{
	return minute % MINUTES_PER_HOUR == 0;
}

static int32_t minute_of_day(int64_t minute)
{
	return (int32_t)((minute % MINUTES_PER_DAY + MINUTES_PER_DAY) % MINUTES_PER_DAY);
}

/* Once a day; before the first fit every full hour. Data time alone decides. */
static bool fit_is_due(const struct forecaster *f)
{
	int64_t minute = f->history.newest;

	if (!f->config.use_holt_winters)
		return false;
	return f->holt_winters.fitted ? minute_of_day(minute) == f->config.refit_minute
				      : full_hour(minute);
}

/* The first cell that has not ended with the newest minute. */
static int64_t open_cell(const struct forecaster *f)
{
	return cell_of(f->history.newest + 1);
}

/* Every hour in the first days; later, when another hour says little more, the windows
 * take turns. */
static void refit_windows(struct forecaster *f, int64_t minute)
{
	bool young = f->history.values < YOUNG_MINUTES;
	bool odd = minute / MINUTES_PER_HOUR % 2;

	if (young || !odd)
		window_refit(&f->window);
	if (young || odd)
		window_refit(&f->release_window);
}

/* Whether any of the minute lies in a time that is not to be learned from. */
static bool is_excluded(const struct forecaster *f, int64_t minute)
{
	int64_t to = end_ms(f, minute), from = to - MS_PER_MIN;

	for (int32_t i = 0; i < f->config.exclude_count; i++) {
		if (from < f->config.excludes[i].to_ms &&
		    to > f->config.excludes[i].from_ms)
			return true;
	}
	return false;
}

/* A bit for each window that ends in [first, first + 64), before the newest minute, and
 * holds minutes that are not to be learned from. */
static uint64_t passed_over(const struct forecaster *f, const struct window *w,
			    int64_t first)
{
	uint64_t bits = 0;

	for (int64_t end = first; end < f->history.newest; end++) {
		if (!window_learnable(w, &f->history, end))
			bits |= UINT64_C(1) << (end - first);
	}
	return bits;
}

static void learn_passed(struct forecaster *f, struct window *w, int64_t first,
			 uint64_t bits)
{
	for (int64_t end = first; end < f->history.newest; end++) {
		if (bits >> (end - first) & 1)
			window_learn(w, &f->history, end);
	}
}

static_assert(HISTORY_DOUBT <= 64, "a bit for each minute");
static_assert(HISTORY_DOUBT + FORECAST_WINDOW_MAX + FORECAST_RELEASE_MAX < HISTORY_MARKS,
	      "the windows of all minutes in doubt are known");

/* What was odd since `first` has stayed: it was real, and is learned late. */
static void believe(struct forecaster *f, int64_t first)
{
	uint64_t window = passed_over(f, &f->window, first);
	uint64_t release = passed_over(f, &f->release_window, first);

	for (int64_t i = first; i < f->history.newest; i++) {
		if (!is_excluded(f, i))
			history_believe(&f->history, i);
	}
	learn_passed(f, &f->window, first, window);
	learn_passed(f, &f->release_window, first, release);
}

/* Takes the minute into the history, marked if it is not to be learned from. Excluded
 * ones are not judged: nothing is usual about them. */
static void take(struct forecaster *f, int64_t minute, double value)
{
	if (is_excluded(f, minute) ||
	    !doubt_judge(&f->doubt, &f->history, minute, value)) {
		history_add_unlearned(&f->history, minute, value);
		return;
	}
	history_add(&f->history, minute, value);

	int64_t first = doubt_settled(&f->doubt, minute);

	if (first != DOUBT_NONE)
		believe(f, first);
}

static void learn(struct forecaster *f, int64_t minute, double value)
{
	struct holt_winters *hw = &f->holt_winters;

	take(f, minute, value);
	window_learn(&f->window, &f->history, minute);
	window_learn(&f->release_window, &f->history, minute);
	if (full_hour(minute))
		refit_windows(f, minute);
	while (hw->fitted && hw->model.next < open_cell(f))
		holt_winters_step(hw, history_cell(&f->history, hw->model.next));
	f->phase = fit_is_due(f) && holt_winters_fit_begin(hw, &f->history, open_cell(f),
							   f->config.window_min)
			   ? PHASE_FIT
			   : PHASE_PREDICT;
}

/* Learns the next minute: the oldest of the queue, or a missing one before it. */
static void learn_next(struct forecaster *f)
{
	const struct queued *oldest = &f->queue[f->queue_first];
	int64_t newest = f->history.newest;

	if (newest != INT64_MIN && oldest->minute - newest > FORGET_MINUTES)
		forget(f);
	else if (newest != INT64_MIN && oldest->minute > newest + 1) {
		learn(f, newest + 1, NAN);
		return;
	}
	learn(f, oldest->minute, oldest->value);
	f->queue_first = (f->queue_first + 1) % FORECAST_QUEUE;
	f->queue_count--;
}

static bool is_ready(const struct said *said)
{
	return said->outlook.known && said->release.known;
}

static double release_of(const struct said *said)
{
	return larger(said->release.upper, said->outlook.upper);
}

static void tell(const struct forecaster *f)
{
	const struct said *said = &f->said;
	bool ready = is_ready(said);
	const struct forecast_minute minute = {
		.end_ms = end_ms(f, said->minute),
		.known = !isnan(said->last),
		.value = said->last,
		.mean = ready ? said->outlook.mean : NAN,
		.upper = ready ? said->outlook.upper : NAN,
		.release = ready ? release_of(said) : NAN,
	};

	f->config.heed(f->config.heed_context, &minute);
}

static void predict(struct forecaster *f)
{
	const struct history *h = &f->history;
	struct feature_row row;

	feature_row_recent(h, h->newest, &row);
	window_predict(&f->window, h, &f->holt_winters, &row, &f->said.outlook);
	window_predict(&f->release_window, h, &f->holt_winters, &row, &f->said.release);
	f->said.minute = h->newest;
	f->said.last = history_at(h, h->newest);
	f->said.values = h->values;
	f->said.verdict = f->doubt.newest;
	f->said.cause = f->doubt.cause;
	f->said.odd_count = f->doubt.count;
	f->phase = PHASE_IDLE;
	if (f->config.heed && !is_skipped(f, h->newest))
		tell(f);
}

static bool is_due(const struct forecaster *f)
{
	return f->phase != PHASE_IDLE || f->queue_count > 0;
}

bool forecaster_work(struct forecaster *f)
{
	int32_t left = SLICE;

	while (left > 0 && is_due(f)) {
		switch (f->phase) {
		case PHASE_IDLE:
			learn_next(f);
			left--;
			break;
		case PHASE_FIT:
			if (!holt_winters_fit_work(&f->holt_winters, &f->history))
				f->phase = PHASE_PREDICT;
			left -= SLICE_FIT;
			break;
		case PHASE_PREDICT:
			predict(f);
			break;
		}
	}
	return is_due(f);
}

/* When the first forecast will exist if no minute is missing, and why not now. */
static void explain_waiting(const struct forecaster *f, struct forecast *ret_forecast)
{
	int64_t needed = window_minutes_needed(&f->release_window);
	int64_t missing = needed - f->said.values;
	char when[32];

	if (f->said.minute == INT64_MIN) {
		snprintf(ret_forecast->reason, sizeof(ret_forecast->reason),
			 "no data yet; the first forecast needs %" PRId64 " minutes",
			 needed);
	} else if (missing > 0) {
		snprintf(ret_forecast->reason, sizeof(ret_forecast->reason),
			 "%" PRId64 " of %" PRId64
			 " minutes of data; the first forecast is due at about %s",
			 f->said.values, needed,
			 time_format(ret_forecast->made_for_ms + missing * MS_PER_MIN,
				     when, sizeof(when)));
	} else {
		snprintf(ret_forecast->reason, sizeof(ret_forecast->reason),
			 "too much of the recent data is missing (%" PRId64
			 " minutes are known); a forecast follows when values come again",
			 f->said.values);
	}
}

static void explain_ready(struct forecast *ret_forecast)
{
	char coverage[48] = "", mostly[48] = "";

	if (!isnan(ret_forecast->coverage))
		snprintf(coverage, sizeof(coverage),
			 ", %.1f%% of the recent load below it",
			 100 * ret_forecast->coverage);
	if (ret_forecast->mostly != ret_forecast->model)
		snprintf(mostly, sizeof(mostly), ", mostly %s,",
			 model_name(ret_forecast->mostly));
	snprintf(ret_forecast->reason, sizeof(ret_forecast->reason),
		 "%s%s after %.1f days of data, loss %.0f%% %s that of %s%s",
		 model_name(ret_forecast->model), mostly,
		 (double)ret_forecast->learned_min / MINUTES_PER_DAY,
		 100 * fabs(ret_forecast->skill),
		 ret_forecast->skill < 0 ? "above" : "below",
		 model_name(ret_forecast->baseline), coverage);
}

static void answer_anomaly(const struct forecaster *f, struct forecast_anomaly *ret)
{
	const struct said *said = &f->said;
	const struct anomaly_verdict *v = &said->verdict;

	ret->kind = v->kind;
	ret->hold_down = v->hold_down;
	if (v->hold_until_ms)
		ret->hold_until_ms = v->hold_until_ms + end_ms(f, said->minute) -
				     (said->minute + 1) * MS_PER_MIN;
	ret->count = said->odd_count;
	anomaly_text(v->hold_down ? &said->cause : v, ret->text);
}

void forecaster_predict(const struct forecaster *f, struct forecast *ret_forecast)
{
	const struct said *said = &f->said;
	bool ready = is_ready(said);

	*ret_forecast = (struct forecast){
		.state = ready       ? FORECAST_READY
			 : is_due(f) ? FORECAST_FITTING
				     : FORECAST_WAITING,
		.made_for_ms = said->minute == INT64_MIN ? 0 : end_ms(f, said->minute),
		.last = said->minute == INT64_MIN ? NAN : said->last,
		.mean = NAN,
		.upper = NAN,
		.release = NAN,
		.skill = NAN,
		.coverage = NAN,
		.learned_min = said->values,
	};
	answer_anomaly(f, &ret_forecast->anomaly);
	if (!ready) {
		explain_waiting(f, ret_forecast);
		return;
	}
	ret_forecast->mean = said->outlook.mean;
	ret_forecast->upper = said->outlook.upper;
	ret_forecast->release = release_of(said);
	ret_forecast->model = said->outlook.model;
	ret_forecast->mostly = said->outlook.mostly;
	ret_forecast->baseline = said->outlook.baseline;
	ret_forecast->skill = said->outlook.skill;
	ret_forecast->coverage = said->outlook.coverage;
	explain_ready(ret_forecast);
}

/* It is worked on in its place, because parts of it point to others, and then put back.
 */
void forecaster_look_ahead(struct forecaster *f, int32_t minutes, void *scratch,
			   struct forecast *ret_forecast)
{
	memcpy(scratch, f, sizeof(*f));
	f->config.heed = NULL;
	/* Models stand as they were fitted. */
	f->config.use_holt_winters = false;
	if (f->said.minute != INT64_MIN) {
		int64_t begin_ms =
			end_ms(f, f->history.newest) + (minutes - 1) * MS_PER_MIN;
		add_minute(f, minute_of(zone_wall(f->config.zone, begin_ms)), NAN);
	}
	while (forecaster_work(f))
		;
	forecaster_predict(f, ret_forecast);
	memcpy(f, scratch, sizeof(*f));
}
