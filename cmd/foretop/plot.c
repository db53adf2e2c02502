#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the values of all that is shown lie between. */
struct range {
	double low, high;
};

static void stretch(struct range *r, const double *values, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		r->low = fmin(r->low, values[i]); /* fmin and fmax ignore NaN */
		r->high = fmax(r->high, values[i]);
	}
}

/* Load that is never negative is drawn on its zero. */
static struct range find_range(const struct plot *p)
{
	struct range r = {INFINITY, -INFINITY};
	stretch(&r, p->history, p->count);
	stretch(&r, p->mean, p->horizon);
	stretch(&r, p->lower, p->horizon * p->level_count);
	stretch(&r, p->upper, p->horizon * p->level_count);
	if (!isfinite(r.low) || !isfinite(r.high))
		return (struct range){0, 1};
	if (r.low > 0)
		r.low = 0;
	if (!(r.high > r.low))
		r.high = r.low + 1;
	return r;
}

static int64_t end_ms(const struct plot *p)
{
	return p->start_ms + (p->count + p->horizon) * p->step_ms;
}

/* --- terminal --- */

struct marks {
	const char *history, *mean, *band, *empty;
};
static const struct marks ascii = {"#", "=", ".", " "};
static const struct marks blocks = {"█", "━", "░", " "};

/* All that falls into one column. */
struct column {
	struct range history, mean, band;
};

static const struct range nothing = {INFINITY, -INFINITY};

static struct column gather(const struct plot *p, int c)
{
	struct column column = {nothing, nothing, nothing};
	int32_t total = p->count + p->horizon;
	int32_t first = (int32_t)((int64_t)total * c / PLOT_COLUMNS);
	int32_t last = (int32_t)((int64_t)total * (c + 1) / PLOT_COLUMNS);
	const double *lower = p->lower + (p->level_count - 1) * p->horizon;
	const double *upper = p->upper + (p->level_count - 1) * p->horizon;
	if (last == first)
		last++; /* fewer steps than columns: a step fills several */
	for (int32_t i = first; i < last; i++) {
		int32_t k = i - p->count;
		if (k < 0) {
			stretch(&column.history, &p->history[i], 1);
			continue;
		}
		stretch(&column.mean, &p->mean[k], 1);
		stretch(&column.band, &lower[k], 1);
		stretch(&column.band, &upper[k], 1);
	}
	return column;
}

static bool touches(struct range values, struct range cell)
{
	return values.low < cell.high && values.high >= cell.low;
}

static const char *mark(const struct column *c, const struct marks *m, struct range cell)
{
	if (touches(c->history, cell))
		return m->history;
	if (touches(c->mean, cell))
		return m->mean;
	return touches(c->band, cell) ? m->band : m->empty;
}

#define TICKS 5

/* "22 14:05", or "22 Nov" where days pass between the labels. */
static const char *tick(int64_t at_ms, int64_t span_ms, char *buf, size_t size)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[32];
	int month, day;
	time_format(at_ms, text, sizeof(text));
	if (sscanf(text + strcspn(text, "-"), "-%d-%d", &month, &day) != 2)
		return "";
	if (span_ms > 4 * TICKS * MS_PER_DAY)
		snprintf(buf, size, "%d %s", day, months[month - 1]);
	else
		snprintf(buf, size, "%d %s %.5s", day, months[month - 1],
			 strchr(text, 'T') + 1);
	return buf;
}

void plot_draw(const struct plot *p, bool utf8, struct str *out)
{
	const struct marks *m = utf8 ? &blocks : &ascii;
	struct range r = find_range(p);
	double height = (r.high - r.low) / PLOT_ROWS;
	struct column columns[PLOT_COLUMNS];
	for (int c = 0; c < PLOT_COLUMNS; c++)
		columns[c] = gather(p, c);
	str_printf(out, "%s\n", p->title);
	for (int row = PLOT_ROWS - 1; row >= 0; row--) {
		struct range cell = {r.low + height * row, r.low + height * (row + 1)};
		/* What lies on the upper edge belongs to the highest row. */
		if (row == PLOT_ROWS - 1)
			cell.high = INFINITY;
		if (row % 3 == 0)
			str_printf(out, "%10.4g ", cell.low);
		else
			str_printf(out, "%10s ", "");
		for (int c = 0; c < PLOT_COLUMNS; c++)
			str_puts(out, mark(&columns[c], m, cell));
		str_puts(out, "\n");
	}
	str_printf(out, "%10s ", "");
	int64_t span = end_ms(p) - p->start_ms;
	for (int i = 0; i < TICKS; i++) {
		char buf[24];
		str_printf(out, "%-14s",
			   tick(p->start_ms + span * i / TICKS, span, buf, sizeof(buf)));
	}
	str_printf(out, "\n%10s %s history   %s forecast   %s its interval   (UTC)\n", "",
		   m->history, m->mean, m->band);
}

/* --- SVG --- */

#define WIDTH  960
#define HEIGHT 360
#define LEFT   70
#define TOP    40
#define BOTTOM 40
#define RIGHT  20

struct canvas {
	const struct plot *plot;
	struct range range;
	struct str *out;
};

static double x_of(const struct canvas *c, double step)
{
	return LEFT +
	       (WIDTH - LEFT - RIGHT) * (step + .5) / (c->plot->count + c->plot->horizon);
}

static double y_of(const struct canvas *c, double v)
{
	return TOP + (HEIGHT - TOP - BOTTOM) * (c->range.high - v) /
			     (c->range.high - c->range.low);
}

static void escape(struct str *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			str_puts(out, "&lt;");
			break;
		case '>':
			str_puts(out, "&gt;");
			break;
		case '&':
			str_puts(out, "&amp;");
			break;
		default:
			str_add(out, text, 1);
		}
	}
}

/* A line that is broken where values are missing. */
static void line(const struct canvas *c, const double *values, int32_t count,
		 int32_t first_step, const char *colour)
{
	bool drawing = false;
	str_printf(c->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
		   colour);
	for (int32_t i = 0; i < count; i++) {
		if (isfinite(values[i]))
			str_printf(c->out, "%c%.1f %.1f", drawing ? 'L' : 'M',
				   x_of(c, first_step + i), y_of(c, values[i]));
		drawing = isfinite(values[i]);
	}
	str_puts(c->out, "\"/>\n");
}

static void band(const struct canvas *c, const double *lower, const double *upper)
{
	const struct plot *p = c->plot;
	str_puts(c->out, "<path fill=\"#1f77b4\" fill-opacity=\"0.2\" d=\"");
	for (int32_t i = 0; i < p->horizon; i++)
		str_printf(c->out, "%c%.1f %.1f", i ? 'L' : 'M', x_of(c, p->count + i),
			   y_of(c, upper[i]));
	for (int32_t i = p->horizon - 1; i >= 0; i--)
		str_printf(c->out, "L%.1f %.1f", x_of(c, p->count + i),
			   y_of(c, lower[i]));
	str_puts(c->out, "Z\"/>\n");
}

static void axes(const struct canvas *c)
{
	const struct plot *p = c->plot;
	int64_t span = end_ms(p) - p->start_ms;
	for (int i = 0; i <= 4; i++) {
		double v = c->range.low + (c->range.high - c->range.low) * i / 4;
		str_printf(c->out,
			   "<path stroke=\"#ddd\" d=\"M%d %.1fH%d\"/>"
			   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n",
			   LEFT, y_of(c, v), WIDTH - RIGHT, LEFT - 6, y_of(c, v) + 4, v);
	}
	for (int i = 0; i < TICKS; i++) {
		char buf[24];
		double step = (double)(p->count + p->horizon) * i / TICKS;
		str_printf(c->out, "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
			   x_of(c, step - .5), HEIGHT - 14,
			   tick(p->start_ms + span * i / TICKS, span, buf, sizeof(buf)));
	}
}

void plot_svg(const struct plot *p, struct str *out)
{
	struct canvas c = {.plot = p, .range = find_range(p), .out = out};
	str_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		   "font-family=\"sans-serif\" font-size=\"12\">\n"
		   "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
		   "<text x=\"%d\" y=\"24\" font-size=\"14\">",
		   WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
	escape(out, p->title);
	str_puts(out, "</text>\n");
	axes(&c);
	for (int32_t l = 0; l < p->level_count; l++)
		band(&c, p->lower + l * p->horizon, p->upper + l * p->horizon);
	line(&c, p->history, p->count, 0, "#444");
	line(&c, p->mean, p->horizon, p->count, "#1f77b4");
	str_puts(out, "</svg>\n");
}
