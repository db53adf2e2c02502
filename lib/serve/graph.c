#include "serve/graph.h"

#include "serve/html.h"

#include <math.h>
#include <stdio.h>

/* The picture's own units; the page scales it. */
#define WIDTH    860
#define HEIGHT   230
#define LEFT     70.0
#define RIGHT    848.0
#define TOP      10.0
#define BOTTOM   204.0
#define SPAN_MIN (30 * MS_PER_MIN) /* a young past does not fill the picture */
#define SPAN_MAX ((int64_t)PAST_POINTS * PAST_STEP_MS)
#define TICKS    10
/* Points further apart than this are not joined: nothing was seen between them. */
#define GAP_STEPS 3

struct axes {
	const struct past *past;
	int64_t from_ms, to_ms;
	double top; /* value at TOP; BOTTOM is 0 */
};

static double x_of(const struct axes *a, int64_t ms)
{
	double share = (double)(ms - a->from_ms) / (double)(a->to_ms - a->from_ms);
	return LEFT + fmin(fmax(share, 0), 1) * (RIGHT - LEFT);
}

static double y_of(const struct axes *a, double v)
{
	return BOTTOM - fmin(fmax(v / a->top, 0), 1) * (BOTTOM - TOP);
}

/* --- axes --- */

/* 1, 2 or 5 times a power of ten: at most five steps up to `most`. */
static double nice_step(double most)
{
	double power = pow(10, floor(log10(most / 5)));
	double steps[] = {1, 2, 5, 10};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i] * power * 5 >= most * 0.999)
			return steps[i] * power;
	return 10 * power;
}

static void open_axes(struct axes *a, const struct past *past, double most,
		      int64_t now_ms)
{
	int64_t first = past_point_ms(past_at(past, 0));
	a->past = past;
	a->to_ms = now_ms;
	a->from_ms = now_ms - SPAN_MAX > first ? now_ms - SPAN_MAX : first;
	if (a->to_ms - a->from_ms < SPAN_MIN)
		a->from_ms = a->to_ms - SPAN_MIN;
	a->top = fmax(most, 1e-9) * 1.04;
}

static int64_t tick_ms(int64_t span_ms)
{
	static const int64_t minutes[] = {5, 10, 15, 30, 60, 120};
	for (size_t i = 0; i < ARRAY_LEN(minutes); i++)
		if (span_ms / (minutes[i] * MS_PER_MIN) <= TICKS)
			return minutes[i] * MS_PER_MIN;
	return 4 * MS_PER_H;
}

static void draw_time_axis(struct str *out, const struct axes *a)
{
	int64_t every = tick_ms(a->to_ms - a->from_ms);
	for (int64_t ms = (a->from_ms + every - 1) / every * every; ms <= a->to_ms;
	     ms += every) {
		struct civil c = civil_from_ms(ms);
		double x = x_of(a, ms);
		/* At the very edge a label would be cut. */
		if (x < LEFT + 14 || x > RIGHT - 6)
			continue;
		str_printf(out,
			   "<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" "
			   "y2=\"%.0f\"/><text class=\"%s\" x=\"%.1f\" y=\"%.0f\" "
			   "text-anchor=\"middle\">%02d:%02d</text>",
			   x, x, BOTTOM, BOTTOM + 4, ms / every % 2 ? "second" : "first",
			   x, BOTTOM + 20, c.hour, c.minute);
	}
}

static void draw_value_axis(struct str *out, const struct axes *a, bool whole)
{
	char text[32];
	double step = nice_step(a->top);
	if (whole)
		step = fmax(1, step);
	for (int i = 0; step * i <= a->top; i++) {
		double y = y_of(a, step * i);
		str_printf(out,
			   "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" "
			   "y2=\"%.1f\"/><text x=\"%.0f\" y=\"%.1f\" "
			   "text-anchor=\"end\">%s</text>",
			   LEFT, RIGHT, y, y, LEFT - 6, y + 4,
			   html_number(step * i, text, sizeof(text)));
	}
}

/* --- lines --- */

/* A number of a point; NaN unknown. */
typedef double point_value(const struct past_point *p);

static double demand_of(const struct past_point *p)
{
	return p->demand;
}

static double mean_of(const struct past_point *p)
{
	return p->mean;
}

static double upper_of(const struct past_point *p)
{
	return p->upper;
}

static double ready_of(const struct past_point *p)
{
	return p->ready == DECIDE_NO_REPLICAS ? NAN : p->ready;
}

static double desired_of(const struct past_point *p)
{
	return p->desired == DECIDE_NO_REPLICAS ? NAN : p->desired;
}

/* Is there something to join between this point and the one before? */
static bool joined(const struct past *past, int32_t i, point_value *value)
{
	if (i == 0 || isnan(value(past_at(past, i - 1))))
		return false;
	return past_at(past, i)->step - past_at(past, i - 1)->step <= GAP_STEPS;
}

static void draw_line(struct str *out, const struct axes *a, const char *name,
		      point_value *value, bool steps)
{
	html_add(out, "<path class=\"line %s\" d=\"", name);
	for (int32_t i = 0; i < a->past->count; i++) {
		const struct past_point *p = past_at(a->past, i);
		double x = x_of(a, past_point_ms(p)), y = y_of(a, value(p));
		if (isnan(value(p)))
			continue;
		if (!joined(a->past, i, value))
			/* A dot where nothing is joined on either side. */
			str_printf(out, "M%.1f %.1fh.1", x, y);
		else if (steps)
			str_printf(out, "H%.1fV%.1f", x, y);
		else
			str_printf(out, "L%.1f %.1f", x, y);
	}
	str_puts(out, "\"/>");
}

/* Where the run of joined points that begins at `from` ends (exclusive). */
static int32_t run_end(const struct past *past, int32_t from)
{
	int32_t to = from + 1;
	while (to < past->count && !isnan(past_at(past, to)->upper) &&
	       joined(past, to, upper_of))
		to++;
	return to;
}

/* Between the expected largest demand and what is planned for. */
static void draw_band(struct str *out, const struct axes *a)
{
	str_puts(out, "<path class=\"band\" d=\"");
	for (int32_t from = 0, to; from < a->past->count; from = to) {
		to = from + 1;
		if (isnan(past_at(a->past, from)->upper))
			continue;
		to = run_end(a->past, from);
		for (int32_t i = from; i < to; i++) {
			const struct past_point *p = past_at(a->past, i);
			str_printf(out, "%c%.1f %.1f", i == from ? 'M' : 'L',
				   x_of(a, past_point_ms(p)), y_of(a, p->upper));
		}
		for (int32_t i = to - 1; i >= from; i--) {
			const struct past_point *p = past_at(a->past, i);
			str_printf(out, "L%.1f %.1f", x_of(a, past_point_ms(p)),
				   y_of(a, p->mean));
		}
		str_puts(out, "Z");
	}
	str_puts(out, "\"/>");
}

/* A limit, unless it lies outside of the picture. */
static void draw_limit(struct str *out, const struct axes *a, double v)
{
	if (v <= a->top)
		str_printf(out,
			   "<line class=\"limit\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" "
			   "y2=\"%.1f\"/>",
			   LEFT, RIGHT, y_of(a, v), y_of(a, v));
}

/* --- pictures --- */

static double highest(const struct past *past, point_value *value, double than)
{
	for (int32_t i = 0; i < past->count; i++)
		than = fmax(than, value(past_at(past, i))); /* ignores NaN */
	return than;
}

/* "smallest to largest, now newest" of a line, in words. */
static void describe(struct str *out, const char *what, const struct past *past,
		     point_value *value)
{
	char least[32], most[32], newest[32];
	double low = NAN;
	for (int32_t i = 0; i < past->count; i++)
		low = fmin(low, value(past_at(past, i)));
	if (isnan(low)) {
		html_add(out, "%s: unknown. ", what);
		return;
	}
	html_number(low, least, sizeof(least));
	html_number(highest(past, value, low), most, sizeof(most));
	html_number(value(past_at(past, past->count - 1)), newest, sizeof(newest));
	html_add(out, "%s: from %s to %s, now %s. ", what, least, most, newest);
}

static void open_svg(struct str *out, const char *id, const char *title)
{
	html_add(out,
		 "<svg role=\"img\" viewBox=\"0 0 %d %d\" aria-labelledby=\"%s-t %s-d\">"
		 "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">",
		 WIDTH, HEIGHT, id, id, id, title, id);
}

void graph_demand(struct str *out, const struct past *past, const char *metric,
		  int64_t now_ms)
{
	if (past->count < 2)
		return;
	struct axes a;
	double most = highest(past, demand_of, 0);
	char *title AUTO_FREE = xasprintf("Demand: %s", metric);
	open_axes(&a, past, highest(past, upper_of, most), now_ms);
	open_svg(out, "demand", title);
	describe(out, "Demand", past, demand_of);
	describe(out, "Planned for", past, upper_of);
	str_puts(out, "</desc>");
	draw_value_axis(out, &a, false);
	draw_time_axis(out, &a);
	draw_band(out, &a);
	draw_line(out, &a, "mean", mean_of, false);
	draw_line(out, &a, "upper", upper_of, false);
	draw_line(out, &a, "demand", demand_of, false);
	str_puts(out, "</svg>");
}

void graph_replicas(struct str *out, const struct past *past, int32_t min_replicas,
		    int32_t max_replicas, int64_t now_ms)
{
	if (past->count < 2)
		return;
	struct axes a;
	double most = highest(past, ready_of, highest(past, desired_of, 1));
	/* The upper limit belongs into the picture when it is near. */
	if (max_replicas <= 1.6 * most)
		most = fmax(most, max_replicas);
	open_axes(&a, past, most, now_ms);
	open_svg(out, "replicas", "Replicas");
	describe(out, "Desired", past, desired_of);
	describe(out, "Ready", past, ready_of);
	html_add(out, "Allowed: %d to %d.</desc>", min_replicas, max_replicas);
	draw_value_axis(out, &a, true);
	draw_time_axis(out, &a);
	draw_limit(out, &a, min_replicas);
	draw_limit(out, &a, max_replicas);
	draw_line(out, &a, "ready", ready_of, true);
	draw_line(out, &a, "desired", desired_of, true);
	str_puts(out, "</svg>");
}
