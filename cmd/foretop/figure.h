/* A picture as SVG inside of a page: axes, areas and lines. Colours are classes, so that
 * the page's style sheet chooses them for light and for dark. */
#ifndef FORETOP_FIGURE_H
#define FORETOP_FIGURE_H

#include "base/base.h"

#define FIGURE_WIDTH  1000
#define FIGURE_HEIGHT 320

struct figure {
	struct str *out;
	double left, right, bottom, top; /* values at the edges of the plane */
	bool log_y;                      /* bottom and top > 0 then */
};

/* Text with what HTML and XML would read otherwise written as entities. */
void html_escape(struct str *out, const char *text);

/* title: for people who do not see it too. */
void figure_begin(struct figure *f, const char *title);
void figure_end(struct figure *f);
/* A line across at `v` with its label; one at the bottom of the plane at x. */
void figure_tick_y(struct figure *f, double v, const char *label);
void figure_tick_x(struct figure *f, double x, const char *label);
/* Round values from bottom to top, about five. */
void figure_scale_y(struct figure *f);
/* Times from left to right, which are milliseconds since the epoch. */
void figure_scale_time(struct figure *f);
/* A line through count points, broken where y is NaN; steps: y holds until the next x. */
void figure_line(struct figure *f, const char *class, const double *x, const double *y,
		 int32_t count, bool steps);
/* Between two lines; points where one is NaN are left out. low NULL: the bottom. */
void figure_area(struct figure *f, const char *class, const double *x, const double *low,
		 const double *high, int32_t count);
/* With a text that appears under the mouse. */
void figure_dot(struct figure *f, const char *class, double x, double y, double radius,
		const char *text);

#endif
