/* The document at "/": all policies, a line each. */
#include "serve/html.h"
#include "serve/view.h"

#include "http/http.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROWS_MAX 500 /* of one page */

/* --- which ones --- */

struct row {
	const struct policy_status *status;
	unsigned marks;
};

static const struct filter {
	const char *show, *title;
} filters[] = {
	{"", "All"},
	{"look", "Want a look"},
	{"changing", "Changing"},
	{"followed", "Forecast followed"},
};

static const struct filter *filter_of(const char *show)
{
	for (size_t i = 1; i < ARRAY_LEN(filters); i++)
		if (!strcmp(filters[i].show, show))
			return &filters[i];
	return &filters[0];
}

static bool passes(const struct row *r, const char *show)
{
	if (!strcmp(show, "look"))
		return standing_wants_a_look(r->marks);
	if (!strcmp(show, "changing"))
		return standing_changes(r->status);
	if (!strcmp(show, "followed"))
		return !strcmp(standing_forecast(r->status), "followed");
	return true;
}

static bool is_found(const struct policy_status *s, const char *search)
{
	char *name AUTO_FREE = xasprintf("%s/%s", s->ns, s->name);
	return !*search || strcasestr(name, search) ||
	       (s->policy && strcasestr(s->policy->target.name, search));
}

static int by_name(const void *a, const void *b)
{
	const struct policy_status *x = ((const struct row *)a)->status,
				   *y = ((const struct row *)b)->status;
	int order = strcmp(x->ns, y->ns);
	return order ? order : strcmp(x->name, y->name);
}

/* All that are found, sorted; the caller frees them. */
static struct row *collect(const struct page_view *v, const char *search,
			   int32_t *ret_count)
{
	struct row *rows = xcalloc((size_t)v->now.count + 1, sizeof(*rows));
	int32_t n = 0;
	for (int32_t i = 0; i < v->now.count; i++) {
		const struct policy_status *s = v->now.policies[i];
		if (s && is_found(s, search))
			rows[n++] = (struct row){s, standing_of(s)};
	}
	qsort(rows, (size_t)n, sizeof(*rows), by_name);
	*ret_count = n;
	return rows;
}

static int32_t keep_shown(struct row *rows, int32_t count, const char *show)
{
	int32_t n = 0;
	for (int32_t i = 0; i < count; i++)
		if (passes(&rows[i], show))
			rows[n++] = rows[i];
	return n;
}

/* --- above the table --- */

/* "?q=...&show=...&page=2"; the text is escaped for an attribute when it is written. */
static void write_link(struct str *out, const struct list_wish *wish, const char *show,
		       int32_t page)
{
	str_puts(out, "/?");
	if (*wish->search) {
		str_puts(out, "q=");
		http_escape(out, wish->search);
		str_puts(out, "&amp;");
	}
	if (*show)
		str_printf(out, "show=%s&amp;", show);
	str_printf(out, "page=%d", (int)page);
}

static void write_filters(struct str *out, const struct row *rows, int32_t count,
			  const struct list_wish *wish)
{
	const struct filter *current = filter_of(wish->show);
	str_puts(out,
		 "<nav class=\"filters\" id=\"filters\" data-live aria-label=\"Which "
		 "policies\"><ul>");
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		int n = 0;
		for (int32_t r = 0; r < count; r++)
			n += passes(&rows[r], filters[i].show);
		html_add(out, "<li><a id=\"show-%s\" href=\"", filters[i].show);
		write_link(out, wish, filters[i].show, 1);
		html_add(out, "\"");
		if (current == &filters[i])
			str_puts(out, " aria-current=\"true\"");
		html_add(out, ">%s <b>%d</b></a></li>", filters[i].title, n);
	}
	str_puts(out, "</ul></nav>");
}

static void write_search(struct str *out, const struct list_wish *wish)
{
	html_add(
		out,
		"<form class=\"search\" action=\"/\" method=\"get\" role=\"search\">"
		"<label for=\"q\">Find</label><input id=\"q\" name=\"q\" type=\"search\" "
		"value=\"%s\" placeholder=\"namespace/name\" autocomplete=\"off\">",
		wish->search);
	if (*filter_of(wish->show)->show)
		html_add(out, "<input type=\"hidden\" name=\"show\" value=\"%s\">",
			 filter_of(wish->show)->show);
	str_puts(out, "<button>Find</button></form>");
}

/* --- the table --- roles are written out: on a narrow screen the style sheet makes cards
 * of its rows, which would take the table's own roles away. */

static void write_name(struct str *out, const struct policy_status *s)
{
	html_add(out,
		 "<th scope=\"row\" role=\"rowheader\"><a id=\"p-%s-%s\" "
		 "href=\"/policies/",
		 s->ns, s->name);
	http_escape(out, s->ns);
	str_puts(out, "/");
	http_escape(out, s->name);
	html_add(out, "\"><span class=\"ns\">%s/</span>%s</a>", s->ns, s->name);
	if (s->policy) {
		const char *target = s->policy->target.name;
		html_add(out, "<span class=\"sub\">%s %s</span>", s->policy->target.kind,
			 strcmp(target, s->name) ? target : "");
	}
	str_puts(out, "</th>");
}

static void write_replicas(struct str *out, const struct policy_status *s)
{
	str_puts(out, "<td role=\"cell\" class=\"num\">");
	if (s->current == DECIDE_NO_REPLICAS)
		str_puts(out, "unknown");
	else if (standing_changes(s))
		html_add(out,
			 "<span class=\"move\">%d<span class=\"arrow\" "
			 "aria-hidden=\"true\"> → </span><span class=\"vh\"> to "
			 "</span><b>%d</b></span>",
			 s->current, s->desired);
	else
		html_add(out, "%d", s->current);
	if (s->policy)
		html_add(out, "<span class=\"sub\">pods, %d to %d</span>",
			 s->policy->min_replicas, s->policy->max_replicas);
	str_puts(out, "</td>");
}

static void write_demand(struct str *out, const struct policy_status *s)
{
	char text[32];
	int32_t m = past_metric(s);
	str_puts(out, "<td role=\"cell\" class=\"num\">");
	if (m < 0) {
		str_puts(out, "</td><td role=\"cell\"></td>");
		return;
	}
	const struct metric_status *st = &s->metrics[m];
	html_add(out, "%s",
		 html_number(st->known ? st->current : NAN, text, sizeof(text)));
	html_add(out, "<span class=\"sub\">%s</span></td><td role=\"cell\">%s",
		 s->policy->metrics[m].name, standing_forecast(s));
	if (st->forecast_on && st->forecast.state == FORECAST_READY)
		html_add(out, "<span class=\"sub\">up to %s in %d min</span>",
			 html_number(st->forecast.upper, text, sizeof(text)),
			 st->window_min);
	str_puts(out, "</td>");
}

static const char *reason_of(const struct policy_status *s)
{
	if (s->policy && s->reason[0])
		return s->reason;
	const char *refused = s->conditions[PC_READY].message;
	return *refused ? refused : "no decision yet";
}

static void write_row(struct str *out, const struct row *r)
{
	str_puts(out, "<tr role=\"row\">");
	write_name(out, r->status);
	write_replicas(out, r->status);
	write_demand(out, r->status);
	str_puts(out, "<td role=\"cell\">");
	standing_write(out, r->marks);
	html_add(out, "</td><td role=\"cell\" class=\"reason\">%s</td></tr>\n",
		 reason_of(r->status));
}

static void write_pages(struct str *out, const struct list_wish *wish, int32_t page,
			int32_t pages)
{
	if (pages < 2)
		return;
	str_puts(out, "<nav class=\"pages\" aria-label=\"Pages\">");
	if (page > 1) {
		str_puts(out, "<a id=\"before\" href=\"");
		write_link(out, wish, filter_of(wish->show)->show, page - 1);
		str_puts(out, "\">Before</a> ");
	}
	html_add(out, "<span>Page %d of %d</span>", page, pages);
	if (page < pages) {
		str_puts(out, " <a id=\"next\" href=\"");
		write_link(out, wish, filter_of(wish->show)->show, page + 1);
		str_puts(out, "\">Next</a>");
	}
	str_puts(out, "</nav>");
}

static void write_table(struct str *out, const struct row *rows, int32_t count,
			const struct list_wish *wish)
{
	int32_t pages = (count + ROWS_MAX - 1) / ROWS_MAX;
	int32_t page = wish->page > pages ? pages : wish->page < 1 ? 1 : wish->page;
	int32_t from = (page - 1) * ROWS_MAX;
	str_puts(out, "<div class=\"wide\" role=\"region\" aria-label=\"Policies\" "
		      "tabindex=\"0\"><table class=\"policies\" role=\"table\"><caption "
		      "class=\"vh\">Policies and their last decisions</caption>"
		      "<thead role=\"rowgroup\"><tr role=\"row\">");
	static const struct {
		const char *title, *class;
	} columns[] = {{"Policy", ""},   {"Replicas", "num"}, {"Demand", "num"},
		       {"Forecast", ""}, {"State", ""},       {"Last decision", ""}};
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		html_add(out,
			 "<th scope=\"col\" role=\"columnheader\" class=\"%s\">%s</th>",
			 columns[i].class, columns[i].title);
	str_puts(out, "</tr></thead><tbody role=\"rowgroup\">\n");
	for (int32_t i = from; i < count && i < from + ROWS_MAX; i++)
		write_row(out, &rows[i]);
	str_puts(out, "</tbody></table></div>");
	write_pages(out, wish, page, pages);
}

static void write_empty(struct str *out, const struct page_view *v, int32_t found,
			const struct list_wish *wish)
{
	str_puts(out, "<div class=\"note\">");
	if (v->now.waiting)
		html_add(out, "<h2>Not yet</h2><p>%s</p>", v->now.waiting);
	else if (found || *wish->search)
		str_puts(out, "<h2>None</h2><p>No policy is like that. <a "
			      "href=\"/\">Show all</a></p>");
	else
		str_puts(out,
			 "<h2>No policies yet</h2><p>A policy is a ConfigMap with "
			 "the label <code>foretop.io/policy: \"v1\"</code> and the "
			 "fields of an HPA under <code>policy.yaml</code>. It stands "
			 "here a moment after it was applied.</p>");
	str_puts(out, "</div>");
}

/* Those that others decide: where they are to be seen. */
static void write_others(struct str *out, const struct page_view *v, const char *search)
{
	int32_t shown = 0, found = 0;
	for (int32_t i = 0; i < v->now.other_count; i++) {
		const struct page_other *other = &v->now.others[i];
		char *name AUTO_FREE = xasprintf("%s/%s", other->ns, other->name);
		char *leader AUTO_FREE = frame_leader(v, other);
		if (*search && !strcasestr(name, search))
			continue;
		if (!found++)
			str_puts(out, "<h2>Not decided here</h2><ul class=\"others\">");
		if (shown == ROWS_MAX)
			continue;
		shown++;
		str_puts(out, "<li><a href=\"/policies/");
		http_escape(out, other->ns);
		str_puts(out, "/");
		http_escape(out, other->name);
		html_add(out, "\">%s</a>: %s</li>", name, leader);
	}
	if (found)
		str_puts(out, "</ul>");
	if (found > shown)
		html_add(out, "<p>And %d more: find them by name.</p>", found - shown);
}

void page_list_write(struct str *out, const struct page_view *v,
		     const struct list_wish *wish)
{
	int32_t found = 0;
	frame_open(out, v, "Foretop: policies");
	str_puts(out, "<h1>Policies</h1>");
	if (!v->now.leading) {
		frame_standby(out, v);
		write_others(out, v, wish->search);
		frame_close(out);
		return;
	}
	frame_shards(out, v);
	struct row *rows AUTO_FREE = collect(v, wish->search, &found);
	str_puts(out, "<div class=\"tools\">");
	write_filters(out, rows, found, wish);
	write_search(out, wish);
	str_puts(out, "</div><div id=\"list\" data-live>");
	int32_t shown = keep_shown(rows, found, filter_of(wish->show)->show);
	if (shown)
		write_table(out, rows, shown, wish);
	else
		write_empty(out, v, found, wish);
	if (!*filter_of(wish->show)->show)
		write_others(out, v, wish->search);
	str_puts(out, "</div>");
	frame_close(out);
}
