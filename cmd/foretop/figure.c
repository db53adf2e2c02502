#include "figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEFT   56.0
#define RIGHT  8.0
#define TOP    10.0
#define BOTTOM 24.0
#define TICKS  8

void html_escape(struct str *out, const char *text)
{
	for (; *text; text++) {
		const char *entity = *text == '<'   ? "&lt;"
				     : *text == '>' ? "&gt;"
				     : *text == '&' ? "&amp;"
				     : *text == '"' ? "&quot;"
						    : NULL;
		if (entity)
			str_puts(out, entity);
		else
			str_add(out, text, 1);
	}
}

static double x_of(const struct figure *f, double v)
{
	return LEFT +
	       (FIGURE_WIDTH - LEFT - RIGHT) * (v - f->left) / (f->right - f->left);
}

static double y_of(const struct figure *f, double v)
{
	double share = (v - f->bottom) / (f->top - f->bottom);
	if (f->log_y)
		share = log(fmax(v, f->bottom) / f->bottom) / log(f->top / f->bottom);
	return TOP + (FIGURE_HEIGHT - TOP - BOTTOM) * (1 - fmin(fmax(share, 0), 1));
}

void figure_begin(struct figure *f, const char *title)
{
	str_printf(f->out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		   FIGURE_WIDTH, FIGURE_HEIGHT);
	html_escape(f->out, title);
	str_puts(f->out, "\">\n");
}

void figure_end(struct figure *f)
{
	str_puts(f->out, "</svg>\n");
}

void figure_tick_y(struct figure *f, double v, const char *label)
{
	double y = y_of(f, v);
	str_printf(f->out,
		   "<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" "
		   "y=\"%.1f\" text-anchor=\"end\">",
		   LEFT, y, FIGURE_WIDTH - RIGHT, LEFT - 6, y + 4);
	html_escape(f->out, label);
	str_puts(f->out, "</text>\n");
}

void figure_tick_x(struct figure *f, double x, const char *label)
{
	double at = x_of(f, x);
	str_printf(f->out,
		   "<path class=\"grid\" d=\"M%.1f %.0fV%.0f\"/><text x=\"%.1f\" "
		   "y=\"%.0f\" text-anchor=\"middle\">",
		   at, TOP, FIGURE_HEIGHT - BOTTOM, at, FIGURE_HEIGHT - 6.0);
	html_escape(f->out, label);
	str_puts(f->out, "</text>\n");
}

/* 1, 2 or 5 times a power of ten, at least v. */
static double round_up(double v)
{
	double unit = pow(10, floor(log10(v)));
	return v <= unit       ? unit
	       : v <= 2 * unit ? 2 * unit
	       : v <= 5 * unit ? 5 * unit
			       : 10 * unit;
}

void figure_scale_y(struct figure *f)
{
	char label[32];
	double step = round_up((f->top - f->bottom) / 6);
	for (double v = ceil(f->bottom / step) * step; v <= f->top * (1 + 1e-9);
	     v += step) {
		snprintf(label, sizeof(label), "%.6g", fabs(v) < step / 2 ? 0 : v);
		figure_tick_y(f, v, label);
	}
}

void figure_scale_time(struct figure *f)
{
	static const int64_t steps[] = {MS_PER_MIN * 15, MS_PER_H,       3 * MS_PER_H,
					6 * MS_PER_H,    12 * MS_PER_H,  MS_PER_DAY,
					2 * MS_PER_DAY,  7 * MS_PER_DAY, 28 * MS_PER_DAY};
	int64_t span = (int64_t)(f->right - f->left), step = steps[0];
	for (size_t i = 0; i < ARRAY_LEN(steps) && span / step > TICKS; i++)
		step = steps[i];
	int64_t first = ((int64_t)f->left + step - 1) / step * step;
	for (int64_t at = first; (double)at <= f->right; at += step) {
		char time[32], label[16];
		time_format(at, time, sizeof(time));
		if (step >= MS_PER_DAY)
			snprintf(label, sizeof(label), "%.5s", time + 5);
		else
			snprintf(label, sizeof(label), "%.5s", time + 11);
		/* Labels at the very edges would be cut off. */
		if (x_of(f, (double)at) > LEFT + 12 &&
		    x_of(f, (double)at) < FIGURE_WIDTH - RIGHT - 16)
			figure_tick_x(f, (double)at, label);
	}
}

void figure_line(struct figure *f, const char *class, const double *x, const double *y,
		 int32_t count, bool steps)
{
	bool drawing = false;
	str_printf(f->out, "<path class=\"%s\" d=\"", class);
	for (int32_t i = 0; i < count; i++) {
		if (!isfinite(y[i])) {
			drawing = false;
			continue;
		}
		if (drawing && steps)
			str_printf(f->out, "H%.1f", x_of(f, x[i]));
		str_printf(f->out, "%c%.1f %.1f", drawing ? 'L' : 'M', x_of(f, x[i]),
			   y_of(f, y[i]));
		drawing = true;
	}
	str_puts(f->out, "\"/>\n");
}

/* From `from` on; the index behind its end. */
static int32_t area_piece(struct figure *f, const double *x, const double *low,
			  const double *high, int32_t from, int32_t count)
{
	int32_t to = from;
	while (to < count && isfinite(high[to]) && (!low || isfinite(low[to])))
		to++;
	for (int32_t i = from; i < to; i++)
		str_printf(f->out, "%c%.1f %.1f", i > from ? 'L' : 'M', x_of(f, x[i]),
			   y_of(f, high[i]));
	for (int32_t i = to - 1; i >= from; i--)
		str_printf(f->out, "L%.1f %.1f", x_of(f, x[i]),
			   y_of(f, low ? low[i] : f->bottom));
	if (to > from)
		str_puts(f->out, "Z");
	return to + 1;
}

void figure_area(struct figure *f, const char *class, const double *x, const double *low,
		 const double *high, int32_t count)
{
	str_printf(f->out, "<path class=\"%s\" d=\"", class);
	for (int32_t i = 0; i < count;)
		i = area_piece(f, x, low, high, i, count);
	str_puts(f->out, "\"/>\n");
}

void figure_dot(struct figure *f, const char *class, double x, double y, double radius,
		const char *text)
{
	str_printf(f->out,
		   "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>",
		   class, x_of(f, x), y_of(f, y), radius);
	html_escape(f->out, text);
	str_puts(f->out, "</title></circle>\n");
}
