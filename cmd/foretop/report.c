#include "report.h"

#include "figure.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 960
/* Of the picture of the worst time. */
#define ZOOM_MS (12 * MS_PER_H)

static const char style[] =
	":root{color-scheme:light "
	"dark;--bg:#fff;--fg:#1c2128;--dim:#59636e;--line:#d8dee4;"
	"--load:#57606a;--fill:#8c959f33;--ready:#0969da;--band:#bf872633;--upper:#"
	"9a6700;"
	"--bad:#cf222e;--ours:#0969da;--hpa:#bc4c00;--good:#1a7f37;--box:#f6f8fa}"
	"@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;"
	"--line:#30363d;--load:#9198a1;--fill:#9198a126;--ready:#58a6ff;--band:#d2992233;"
	"--upper:#d29922;--bad:#ff7b72;--ours:#58a6ff;--hpa:#f0883e;--good:#3fb950;"
	"--box:#161b22}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:68rem;padding:1.5rem 1rem "
	"4rem;"
	"background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
	"h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}"
	"h2{font-size:1.15rem;margin:2.2rem 0 .4rem}p{margin:.5rem 0}"
	".dim,figcaption{color:var(--dim);font-size:.9rem}.say{font-size:1.1rem;"
	"border-left:4px solid var(--ready);background:var(--box);padding:.7rem 1rem;"
	"border-radius:0 6px 6px 0}"
	"figure{margin:.4rem 0 0}svg{width:100%;height:auto;display:block}"
	"svg text{font:12px system-ui,sans-serif;fill:var(--dim)}"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:."
	"92rem;"
	"font-variant-numeric:tabular-nums}th,td{padding:.35rem .6rem;text-align:right;"
	"border-bottom:1px solid var(--line);white-space:nowrap}th{color:var(--dim);"
	"font-weight:600;white-space:normal;vertical-align:bottom}"
	"th:first-child,td:first-child,th.text{text-align:left}"
	"td.text{white-space:normal;text-align:left;min-width:18rem}"
	"tr.own "
	"td{font-weight:600}pre{background:var(--box);padding:1rem;border-radius:6px;"
	"overflow-x:auto;font-size:.85rem}"
	".grid{stroke:var(--line);fill:none}.load{fill:var(--fill);stroke:none}"
	".loadline{stroke:var(--load);fill:none}.ready{stroke:var(--ready);fill:none;"
	"stroke-width:1.6}.band{fill:var(--band)}.upper{stroke:var(--upper);fill:none}"
	".bad{fill:var(--bad)}.badline{stroke:var(--bad);fill:none;stroke-width:3}"
	".hpa{stroke:var(--hpa);fill:none;stroke-width:1.6}.hpadot{fill:var(--hpa)}"
	".ours{stroke:var(--ours);fill:none;stroke-width:1.6}.oursdot{fill:var(--ours);"
	"fill-opacity:.45}.chosen{fill:var(--good)}.perfect{stroke:var(--good);fill:none;"
	"stroke-dasharray:5 4}"
	".key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.85rem;"
	"color:var(--dim);margin:.3rem 0 0;padding:0;list-style:none}"
	".key svg{display:inline-block;width:1.6rem;height:.7rem;vertical-align:middle;"
	"margin-right:.35rem}@media print{:root{color-scheme:light}}";

/* --- parts of a page --- */

static void put_text(struct str *out, const char *tag, const char *text)
{
	str_printf(out, "<%s>", tag);
	html_escape(out, text);
	str_printf(out, "</%s>\n", tag);
}

static void put_key(struct str *out, const char *class, bool filled, const char *text)
{
	str_printf(out,
		   filled ? "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path "
			    "class=\"%s\" d=\"M0 1H26V9H0Z\"/></svg>"
			  : "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path "
			    "class=\"%s\" d=\"M0 5H26\"/></svg>",
		   class);
	html_escape(out, text);
	str_puts(out, "</li>\n");
}

/* --- demand and capacity --- */

struct columns {
	double x[COLUMNS + 1], demand[COLUMNS + 1], ready[COLUMNS + 1];
	double forecast[COLUMNS + 1], upper[COLUMNS + 1], unserved[COLUMNS + 1];
	int32_t count;
	double most;
};

static void take_cell(struct columns *c, int32_t i, const struct recorder_cell *cell,
		      double capacity)
{
	c->demand[i] = fmax(c->demand[i], cell->demand);
	c->ready[i] = fmin(c->ready[i], cell->ready * capacity);
	c->forecast[i] = fmax(c->forecast[i], cell->forecast);
	c->upper[i] = fmax(c->upper[i], cell->upper);
	c->unserved[i] += cell->unserved_units;
	c->most = fmax(c->most, fmax(c->demand[i], cell->ready * capacity));
}

/* The worst of each column. */
static struct columns gather(const struct recorder *r, int64_t from_ms, int64_t to_ms)
{
	struct columns c = {0};
	int64_t span = r->end_ms - r->start_ms;
	for (int32_t i = 0; i < COLUMNS; i++) {
		int64_t at = from_ms + (to_ms - from_ms) * i / COLUMNS;
		int64_t next = from_ms + (to_ms - from_ms) * (i + 1) / COLUMNS;
		int64_t first = (at - r->start_ms) * RECORDER_CELLS / span;
		int64_t last = (next - r->start_ms) * RECORDER_CELLS / span;
		c.x[i] = (double)at;
		c.demand[i] = c.ready[i] = c.forecast[i] = c.upper[i] = NAN;
		for (int64_t k = first; k < RECORDER_CELLS && (k < last || k == first);
		     k++)
			if (r->cells[k].known)
				take_cell(&c, i, &r->cells[k], r->capacity);
	}
	c.count = COLUMNS;
	return c;
}

static void put_shortages(struct figure *f, const struct columns *c)
{
	for (int32_t i = 0; i < c->count; i++) {
		double x[2] = {c->x[i], i + 1 < c->count ? c->x[i + 1] : f->right};
		double y[2] = {f->bottom, f->bottom};
		if (c->unserved[i] > 0)
			figure_line(f, "badline", x, y, 2, false);
	}
}

static void put_run(const struct report *r, int64_t from_ms, int64_t to_ms,
		    const char *title, struct str *out)
{
	struct columns *c AUTO_FREE = xmalloc(sizeof(*c));
	*c = gather(r->recorder, from_ms, to_ms);
	double most = c->most;
	for (int32_t i = 0; i < c->count; i++)
		most = fmax(most, fmin(c->upper[i], 1.5 * c->most));
	struct figure f = {.out = out,
			   .left = (double)from_ms,
			   .right = (double)to_ms,
			   .top = most > 0 ? 1.05 * most : 1};
	figure_begin(&f, title);
	figure_scale_y(&f);
	figure_scale_time(&f);
	figure_area(&f, "load", c->x, NULL, c->demand, c->count);
	figure_area(&f, "band", c->x, c->forecast, c->upper, c->count);
	figure_line(&f, "upper", c->x, c->upper, c->count, false);
	figure_line(&f, "loadline", c->x, c->demand, c->count, false);
	figure_line(&f, "ready", c->x, c->ready, c->count, true);
	put_shortages(&f, c);
	figure_end(&f);
}

static void put_runs(const struct report *r, struct str *out)
{
	const struct recorder *rec = r->recorder;
	bool forecast = r->verdict->policy->forecast.mode != FORECAST_DISABLED;
	str_puts(out, "<h2>Demand against Ready capacity</h2>\n<figure>\n");
	put_run(r, rec->start_ms, rec->end_ms,
		"Demand, Ready capacity and forecast over the whole time judged", out);
	str_puts(out, "<ul class=\"key\">\n");
	put_key(out, "load", true, "demand (the most of a column)");
	put_key(out, "ready", false, "what the Ready pods carry (the least)");
	if (forecast)
		put_key(out, "band", true,
			"forecast of the largest demand ahead: expected to upper bound");
	put_key(out, "badline", false, "load was not served");
	str_puts(out, "</ul>\n</figure>\n");
	if (rec->worst_count == 0)
		return;
	int64_t middle = rec->worst[0].from_ms;
	int64_t from = middle - ZOOM_MS / 2, to = middle + ZOOM_MS / 2;
	if (to - from >= rec->end_ms - rec->start_ms)
		return;
	if (from < rec->start_ms)
		from = rec->start_ms;
	if (to > rec->end_ms)
		to = rec->end_ms;
	char day[32];
	str_printf(out, "<h2>Around the worst shortage, %.10s</h2>\n<figure>\n",
		   time_format(middle, day, sizeof(day)));
	put_run(r, from, to, "The same around the worst shortage", out);
	str_puts(out, "</figure>\n");
}

/* --- where it was short --- */

/* What the numbers say of the cause. */
static void put_cause(const struct recorder_incident *in, double capacity,
		      struct str *out)
{
	char text[200];
	int32_t starting = in->pods - in->ready;
	if (starting > 0)
		snprintf(text, sizeof(text), "%d %s still starting%s; ", starting,
			 starting == 1 ? "pod was" : "pods were",
			 in->pods * capacity >= in->demand ? ""
							   : ", and more were needed");
	else
		snprintf(text, sizeof(text), "no more pods had been asked for; ");
	html_escape(out, text);
	if (isfinite(in->upper) && in->upper < in->demand) {
		snprintf(text, sizeof(text), "the forecast allowed for %.4g. ",
			 in->upper);
		html_escape(out, text);
	}
}

static void put_incident(const struct report *r, const struct recorder_incident *in,
			 struct str *out)
{
	char from[32], lasted[48];
	double all = r->verdict->result->outcomes[CONTEST_POLICY].unserved_units;
	str_printf(out,
		   "<tr><td>%s</td><td>%s</td><td>%.1f %%</td><td>%.4g</td><td>%.4g</td>"
		   "<td class=\"text\">",
		   time_format(in->from_ms, from, sizeof(from)),
		   duration_format((int64_t)(in->short_s * 1000), lasted, sizeof(lasted)),
		   all > 0 ? 100 * in->unserved_units / all : 0, in->demand,
		   in->ready * r->recorder->capacity);
	put_cause(in, r->recorder->capacity, out);
	str_puts(out, "<span class=\"dim\">Decision then: ");
	html_escape(out, in->reason);
	str_puts(out, "</span></td></tr>\n");
}

static void put_incidents(const struct report *r, struct str *out)
{
	const struct recorder *rec = r->recorder;
	str_puts(out, "<h2>Where it was short, and why</h2>\n");
	if (rec->incidents == 0) {
		str_puts(out, "<p>It never was.</p>\n");
		return;
	}
	str_printf(out,
		   "<p class=\"dim\">%d time%s in all; those that lost most load, most "
		   "first. Times are UTC.</p>\n"
		   "<div class=\"scroll\"><table><thead><tr><th>from</th><th>short "
		   "for</th><th>of all unserved load</th><th>demand</th><th>Ready pods "
		   "carried</th><th class=\"text\">why</th></tr></thead><tbody>\n",
		   rec->incidents, rec->incidents == 1 ? "" : "s");
	for (int32_t i = 0; i < rec->worst_count; i++)
		put_incident(r, &rec->worst[i], out);
	str_puts(out, "</tbody></table></div>\n");
}

/* --- who did what --- */

static void put_contestant(const struct report *r, enum contestant who, struct str *out)
{
	const struct outcome *o = &r->verdict->result->outcomes[who];
	str_printf(out, "<tr%s><td>%s", who == CONTEST_POLICY ? " class=\"own\"" : "",
		   contestant_name(who));
	if (who == CONTEST_FIXED)
		str_printf(out, " of %d", r->verdict->result->fixed_size);
	str_printf(
		out,
		"</td><td>%.1f</td><td>%.4f %%</td><td>%.1f</td><td>%d</td><td>%d</td>",
		o->pod_h, 100 * outcome_unserved_ratio(o), o->short_min, o->actions,
		o->largest_step);
	if (r->price_per_pod_h > 0)
		str_printf(out, "<td>%.2f</td><td>%.2f</td>",
			   o->pod_h * r->price_per_pod_h,
			   o->elapsed_h > 0
				   ? o->pod_h * r->price_per_pod_h * 720 / o->elapsed_h
				   : 0);
	str_puts(out, "</tr>\n");
}

static void put_contest(const struct report *r, struct str *out)
{
	str_puts(out, "<h2>Who did what with the same load</h2>\n<div class=\"scroll\">"
		      "<table><thead><tr><th></th><th>pod-hours</th><th>unserved</th><th>"
		      "minutes short</th><th>writes</th><th>largest step</th>");
	if (r->price_per_pod_h > 0)
		str_puts(out, "<th>cost</th><th>in 30 days</th>");
	str_puts(out, "</tr></thead><tbody>\n");
	for (int i = 0; i < CONTEST_COUNT; i++)
		put_contestant(r, (enum contestant)i, out);
	str_puts(out, "</tbody></table></div>\n");
	if (r->price_per_pod_h > 0)
		str_printf(out, "<p class=\"dim\">At %g per pod-hour.</p>\n",
			   r->price_per_pod_h);
}

/* --- the sweep --- */

struct bounds {
	double least, most; /* share that was not served, > 0 */
	double left, right; /* pods */
};

static double seen_unserved(const struct outcome *o, const struct bounds *b)
{
	return fmax(outcome_unserved_ratio(o), b->least);
}

static struct bounds bounds_of(const struct sweep *s)
{
	struct bounds b = {.least = 1e-5, .most = 2e-4};
	b.left = b.right = sweep_pods(s, &s->perfect.halves[SWEEP_SECOND]);
	for (int32_t i = 0; i < s->count; i++) {
		const struct outcome *o = &s->points[i].halves[SWEEP_SECOND];
		double pods = sweep_pods(s, o);
		if (!isfinite(pods))
			continue;
		b.most = fmax(b.most, 1.3 * outcome_unserved_ratio(o));
		b.right = fmax(b.right, pods);
	}
	b.left -= 0.03 * (b.right - b.left);
	return b;
}

static void put_front(struct figure *f, const struct sweep *s, bool forecast,
		      const struct bounds *b)
{
	struct front front = sweep_front(s, SWEEP_SECOND, forecast);
	size_t room = (size_t)front.count + 1;
	double *x AUTO_FREE = xcalloc(room, sizeof(*x));
	double *y AUTO_FREE = xcalloc(room, sizeof(*y));
	for (int32_t i = 0; i < front.count; i++) {
		x[i] = front.points[i].pods;
		y[i] = fmax(front.points[i].unserved, b->least);
	}
	figure_line(f, forecast ? "ours" : "hpa", x, y, front.count, false);
	front_fini(&front);
}

static void put_point(struct figure *f, const struct advice *a, int32_t i,
		      const struct bounds *b)
{
	const struct sweep_point *p = &a->sweep->points[i];
	const struct outcome *o = &p->halves[SWEEP_SECOND];
	struct str text AUTO(str_fini) = {0};
	double pods = sweep_pods(a->sweep, o);
	if (!isfinite(pods))
		return;
	str_init(&text, 512);
	advice_setting(&p->setting, &text);
	str_printf(&text, ": %.3f pods, %.4f %% unserved", pods,
		   100 * outcome_unserved_ratio(o));
	bool chosen = i == a->chosen, own = i == a->sweep->own;
	figure_dot(f,
		   chosen                ? "chosen"
		   : own                 ? "bad"
		   : p->setting.forecast ? "oursdot"
					 : "hpadot",
		   pods, seen_unserved(o, b), chosen || own ? 5.5 : 2.5, str_text(&text));
}

static void put_fronts(const struct advice *a, struct str *out)
{
	const struct sweep *s = a->sweep;
	struct bounds b = bounds_of(s);
	struct figure f = {.out = out,
			   .left = b.left,
			   .right = b.right > b.left ? b.right : b.left + 1,
			   .bottom = b.least,
			   .top = b.most,
			   .log_y = true};
	double perfect = sweep_pods(s, &s->perfect.halves[SWEEP_SECOND]);
	double line_x[2] = {perfect, perfect}, line_y[2] = {b.least, b.most};
	char label[32];
	if (!isfinite(perfect))
		return;
	str_puts(out, "<figure>\n");
	figure_begin(&f, "Pods paid per pod of useful work against the share of the load "
			 "that was not served");
	for (double v = b.least; v <= b.most; v *= 10) {
		snprintf(label, sizeof(label), v > b.least ? "%g %%" : "0", 100 * v);
		figure_tick_y(&f, v, label);
	}
	for (double v = ceil(b.left * 5) / 5; v <= b.right; v += 0.2) {
		snprintf(label, sizeof(label), "%.1f", v);
		figure_tick_x(&f, v, label);
	}
	figure_line(&f, "perfect", line_x, line_y, 2, false);
	put_front(&f, s, false, &b);
	put_front(&f, s, true, &b);
	for (int32_t i = 0; i < s->count; i++)
		if (i != a->chosen && i != s->own)
			put_point(&f, a, i, &b);
	put_point(&f, a, s->own, &b);
	if (a->chosen != s->own)
		put_point(&f, a, a->chosen, &b);
	figure_end(&f);
	str_puts(out, "<ul class=\"key\">\n");
	put_key(out, "hpa", false, "HPA's rules, target 40 to 98 %");
	put_key(out, "ours", false, "with forecasts, each dot a setting");
	put_key(out, "perfect", false, "a perfect forecast");
	put_key(out, "bad", true, "the policy's target, no forecast");
	put_key(out, "chosen", true, "chosen on the first half");
	str_puts(out, "</ul>\n<figcaption>Across: pods paid for each pod of useful work. "
		      "Up: share of the load of the second half that met no Ready "
		      "capacity. Left and low is better.</figcaption></figure>\n");
}

static void put_half(const struct advice *a, const char *name,
		     const struct sweep_point *p, bool own, struct str *out)
{
	str_printf(out, "<tr%s><td>", own ? " class=\"own\"" : "");
	html_escape(out, name);
	str_puts(out, "</td>");
	for (int h = 0; h < SWEEP_HALVES; h++) {
		double pods = sweep_pods(a->sweep, &p->halves[h]);
		if (isfinite(pods))
			str_printf(out, "<td>%.3f</td>", pods);
		else
			str_puts(out, "<td>-</td>");
		str_printf(out, "<td>%.4f %%</td>",
			   100 * outcome_unserved_ratio(&p->halves[h]));
	}
	str_puts(out, "</tr>\n");
}

static void put_halves(const struct advice *a, struct str *out)
{
	const struct sweep *s = a->sweep;
	struct str name AUTO(str_fini);
	char target[64];
	str_init(&name, 512);
	str_puts(out, "<div class=\"scroll\"><table><thead><tr><th></th><th>first half: "
		      "pods</th><th>unserved</th><th>second half: pods</th><th>unserved"
		      "</th></tr></thead><tbody>\n");
	snprintf(target, sizeof(target), "HPA's rules at the policy's target, %.4g %%",
		 100 * s->points[s->own].setting.target);
	put_half(a, target, &s->points[s->own], false, out);
	if (a->chosen != s->own) {
		str_puts(&name, "chosen: ");
		advice_setting(&s->points[a->chosen].setting, &name);
		put_half(a, str_text(&name), &s->points[a->chosen], true, out);
	}
	put_half(a, "perfect forecast", &s->perfect, false, out);
	str_puts(out, "</tbody></table></div>\n");
}

static void put_sweep(const struct advice *a, struct str *out)
{
	struct str text AUTO(str_fini);
	str_init(&text, 4096);
	char *policy AUTO_FREE = advice_policy(a);
	advice_sentence(a, &text);
	str_puts(out, "<h2>Sweep: what other settings would have done</h2>\n");
	str_puts(out, "<p class=\"say\">");
	html_escape(out, str_text(&text));
	str_puts(out, "</p>\n");
	put_fronts(a, out);
	put_halves(a, out);
	if (!a->gains)
		return;
	str_puts(out, "<h2>The policy with these settings</h2>\n");
	put_text(out, "pre", policy);
}

/* --- the page --- */

static void put_head(const struct report *r, struct str *out)
{
	const struct verdict *v = r->verdict;
	char from[32], to[32], span[48];
	struct str text AUTO(str_fini);
	str_init(&text, 8192);
	verdict_sentence(v, &text);
	str_puts(out,
		 "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta "
		 "charset=\"utf-8\">\n<meta name=\"viewport\" "
		 "content=\"width=device-width,initial-scale=1\">\n<title>Foretop: ");
	html_escape(out, v->name);
	str_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
	html_escape(out, v->name);
	str_printf(
		out,
		"</h1>\n<p class=\"dim\">foretop simulate, %s/%s: judged from %s to %s "
		"(%s). A pod serves %.6g and is Ready %s after its creation.</p>\n<p "
		"class=\"say\">",
		v->policy->ns, v->policy->name,
		time_format(v->start_ms, from, sizeof(from)),
		time_format(v->end_ms, to, sizeof(to)),
		duration_format(v->end_ms - v->start_ms, span, sizeof(span)), v->capacity,
		v->lead);
	html_escape(out, str_text(&text));
	str_puts(out, "</p>\n");
	for (const char *at = v->notes; *at;) {
		size_t len = strcspn(at, "\n");
		char *line AUTO_FREE = xstrndup(at, len);
		str_puts(out, "<p class=\"dim\">Note: ");
		html_escape(out, line);
		str_puts(out, "</p>\n");
		at += len + (at[len] != '\0');
	}
}

void report_html(const struct report *r, struct str *out)
{
	put_head(r, out);
	put_contest(r, out);
	put_runs(r, out);
	put_incidents(r, out);
	if (r->advice)
		put_sweep(r->advice, out);
	str_puts(out, "<p class=\"dim\">Foretop " FORETOP_VERSION
		      ". The load is constant within a step; pods are paid from their "
		      "creation; load above what Ready pods carry is not served.</p>\n"
		      "</body>\n</html>\n");
}
